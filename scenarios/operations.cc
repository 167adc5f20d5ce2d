#include "scenarios/operations.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ostream>

#include "sim/keyed_random.h"
#include "sim/text.h"

namespace holdfast::scenarios {
namespace {

using sim::KeyedRandom;

struct KindName {
  OperationKind kind;
  std::string_view name;
};

constexpr std::array<KindName, 11> kKindNames{{
    {OperationKind::kElect, "elect"},
    {OperationKind::kAppend, "append"},
    {OperationKind::kTruncate, "truncate"},
    {OperationKind::kRead, "read"},
    {OperationKind::kCatchUp, "catchup"},
    {OperationKind::kRetry, "retry"},
    {OperationKind::kBarrier, "barrier"},
    {OperationKind::kAwait, "await"},
    {OperationKind::kCopy, "copy"},
    {OperationKind::kOversize, "oversize"},
    {OperationKind::kStranger, "stranger"},
}};

std::string_view name_of(OperationKind kind) {
  for (const auto& [known, name] : kKindNames) {
    if (known == kind) return name;
  }
  HOLDFAST_UNREACHABLE("operation kind");
}

std::optional<OperationKind> kind_named(std::string_view name) {
  for (const auto& [kind, known] : kKindNames) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

// One field of a line; false, and `error` set, when it does not read.
bool parse_field(std::string_view field, Operation& operation, std::string& error) {
  const std::size_t equals = field.find('=');
  const std::string_view name = field.substr(0, equals);
  const std::string_view text =
      equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1);
  const auto wrong = [&](std::string_view wants) {
    error = "'" + std::string(field) + "': " + std::string(wants);
    return false;
  };
  if (name == "at") {
    const auto at = sim::parse_duration(text);
    if (!at || at->ns() < 0) return wrong("at= wants a time such as 1500ms");
    operation.at = *at;
    return true;
  }
  const auto number = sim::parse_unsigned(text);
  if (name == "node") {
    if (!number || *number < 1 || *number > 7) return wrong("node= wants a number from 1 to 7");
    operation.node = NodeId{static_cast<std::uint8_t>(*number)};
    return true;
  }
  if (name == "arg") {
    if (!number || *number > 1'000'000) return wrong("arg= wants a number up to 1000000");
    operation.arg = static_cast<std::uint32_t>(*number);
    return true;
  }
  return wrong("no such field; an operation has at=, node= and arg=");
}

// Appends operations of one kind at keyed times, a mean of `every` apart.
template <typename Make>
void draw_kind(const sim::WorldOptions& world,
               OperationKind kind,
               Duration every,
               std::vector<Operation>& operations,
               Make make) {
  if (every.ns() <= 0) return;
  const KeyedRandom key =
      KeyedRandom(world.seed).at("operations").at(static_cast<std::uint64_t>(kind));
  std::int64_t at = 0;
  for (std::uint64_t i = 0;; ++i) {
    const KeyedRandom one = key.at(i);
    at += sim::uniform(one.draw(0), 1, 2 * every.ns());
    if (at >= world.length.ns()) return;
    Operation operation{.at = Duration::nanoseconds(at), .node = {}, .kind = kind, .arg = 0};
    make(one, operation);
    operations.push_back(operation);
  }
}

NodeId any_node(const sim::WorldOptions& world, std::uint64_t draw) {
  return NodeId{static_cast<std::uint8_t>(sim::uniform(draw, 1, world.nodes))};
}

// Who acts, how much is asked for: what a kind's operations have besides their times.
class Drawer {
 public:
  Drawer(const sim::WorldOptions& world, const WorkloadOptions& workload)
      : world_(world),
        workload_(workload) {}

  void usual(const KeyedRandom& one, Operation& operation) const {
    const bool by_favourite = sim::chance(one.draw(1), workload_.favourite_ppm);
    operation.node = by_favourite ? favourite(operation.at) : any_node(world_, one.draw(2));
  }

  void by_anybody(const KeyedRandom& one, Operation& operation) const {
    operation.node = any_node(world_, one.draw(1));
  }

 private:
  // Whoever acts most changes a few times in a run.
  NodeId favourite(Duration at) const {
    const std::int64_t reign = std::max<std::int64_t>(world_.length.ns() / 4, 1);
    const KeyedRandom key = KeyedRandom(world_.seed).at("favourite");
    return any_node(world_, key.draw(static_cast<std::uint64_t>(at.ns() / reign)));
  }

  const sim::WorldOptions& world_;
  const WorkloadOptions& workload_;
};

std::uint32_t few(std::uint64_t draw, std::int64_t most) {
  return static_cast<std::uint32_t>(sim::log_uniform(draw, 1, most));
}

std::uint32_t up_to(std::uint64_t draw, std::int64_t most) {
  return static_cast<std::uint32_t>(sim::uniform(draw, 0, most));
}

void draw_writes(const sim::WorldOptions& world,
                 const WorkloadOptions& workload,
                 std::vector<Operation>& operations) {
  const Drawer drawer(world, workload);
  const auto usual = [&](OperationKind kind, Duration every, auto arg_of) {
    draw_kind(world, kind, every, operations, [&](const KeyedRandom& one, Operation& operation) {
      drawer.usual(one, operation);
      operation.arg = arg_of(one.draw(3));
    });
  };
  using enum OperationKind;
  usual(kAppend, workload.appends_every, [&](auto draw) { return few(draw, workload.burst_max); });
  draw_kind(world,
            kElect,
            workload.elections_every,
            operations,
            [&](const KeyedRandom& one, Operation& operation) { drawer.usual(one, operation); });
  usual(kTruncate, workload.truncations_every, [](auto draw) { return up_to(draw, 40); });
  usual(kRetry, workload.retries_every, [](auto draw) { return few(draw, 16); });
  usual(kOversize, workload.oversizes_every, [](auto draw) { return few(draw, 1024); });
}

void draw_others(const sim::WorldOptions& world,
                 const WorkloadOptions& workload,
                 std::vector<Operation>& operations) {
  const Drawer drawer(world, workload);
  const auto by_anybody = [&](OperationKind kind, Duration every, std::int64_t arg_max) {
    draw_kind(world, kind, every, operations, [&](const KeyedRandom& one, Operation& operation) {
      drawer.by_anybody(one, operation);
      operation.arg = up_to(one.draw(2), arg_max);
    });
  };
  using enum OperationKind;
  by_anybody(kRead, workload.reads_every, 30);
  by_anybody(kCatchUp, workload.catchups_every, 0);
  by_anybody(kBarrier, workload.barriers_every, 0);
  by_anybody(kAwait, workload.awaits_every, 0);
  by_anybody(kCopy, workload.copies_every, 0);
  by_anybody(kStranger, workload.strangers_every, 999'999);
}

}  // namespace

std::string to_string(const Operation& operation) {
  return std::string(name_of(operation.kind)) + " at=" + sim::format_duration(operation.at) +
         " node=" + std::to_string(operation.node.value) + " arg=" + std::to_string(operation.arg);
}

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << to_string(operation);
}

std::optional<Operation> parse_operation(std::string_view line, std::string& error) {
  Operation operation;
  bool first = true;
  while (true) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) break;
    line.remove_prefix(start);
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    if (first) {
      const auto kind = kind_named(word);
      if (!kind) {
        error = "'" + std::string(word) + "' is no operation: use one of";
        for (const auto& [each, known] : kKindNames)
          error += " " + std::string(known);
        return std::nullopt;
      }
      operation.kind = *kind;
      first = false;
    } else if (!parse_field(word, operation, error)) {
      return std::nullopt;
    }
  }
  if (first) {
    error = "an operation is missing";
    return std::nullopt;
  }
  if (operation.node == NodeId{}) {
    error = "node= is missing: say which node's application acts";
    return std::nullopt;
  }
  return operation;
}

WorkloadOptions draw_workload(std::uint64_t seed, Duration length) {
  const KeyedRandom key = KeyedRandom(seed).at("workload");
  // Appends set the size of a run; the rest is drawn against its length, or left out.
  const auto every = [&](std::string_view name, std::int64_t rarest, std::int64_t off_ppm) {
    const KeyedRandom one = key.at(name);
    if (sim::chance(one.draw(0), off_ppm)) return Duration();
    return length / sim::log_uniform(one.draw(1), 1, rarest);
  };
  WorkloadOptions workload;
  workload.appends_every = length / sim::log_uniform(key.at("appends").draw(), 10, 120);
  workload.elections_every = every("elections", 12, 150'000);
  workload.truncations_every = every("truncations", 16, 250'000);
  workload.reads_every = every("reads", 24, 150'000);
  workload.catchups_every = every("catchups", 16, 200'000);
  workload.retries_every = every("retries", 32, 250'000);
  workload.barriers_every = every("barriers", 16, 250'000);
  workload.awaits_every = every("awaits", 16, 250'000);
  workload.copies_every = every("copies", 8, 400'000);
  workload.oversizes_every = every("oversizes", 2, 900'000);
  workload.strangers_every = every("strangers", 8, 800'000);
  workload.burst_max = static_cast<std::uint32_t>(sim::log_uniform(key.at("burst").draw(), 1, 64));
  workload.favourite_ppm = sim::uniform(key.at("favourite").draw(), 300'000, 1'000'000);
  return workload;
}

Operation phase_operation(std::int64_t nodes, std::int64_t arg) {
  constexpr std::array<OperationKind, 6> kKinds{OperationKind::kAppend,
                                                OperationKind::kElect,
                                                OperationKind::kAppend,
                                                OperationKind::kCatchUp,
                                                OperationKind::kAppend,
                                                OperationKind::kTruncate};
  const sim::KeyedRandom key = sim::KeyedRandom(static_cast<std::uint64_t>(arg)).at("phase");
  const auto node = sim::uniform(key.draw(0), 1, nodes);
  return {.at = {},
          .node = NodeId{static_cast<std::uint8_t>(node)},
          .kind = kKinds[sim::below(key.draw(1), kKinds.size())],
          .arg = static_cast<std::uint32_t>(sim::log_uniform(key.draw(2), 1, 16))};
}

std::vector<Operation> draw_operations(const sim::WorldOptions& world,
                                       const WorkloadOptions& workload) {
  std::vector<Operation> operations;
  draw_writes(world, workload, operations);
  draw_others(world, workload, operations);
  std::stable_sort(operations.begin(), operations.end(), [](const auto& a, const auto& b) {
    return a.at < b.at;
  });
  return operations;
}

}  // namespace holdfast::scenarios
