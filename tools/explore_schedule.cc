#include "tools/explore_schedule.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "sim/text.h"

namespace holdfast::tools {
namespace {

using explore::Kind;
using explore::SystemEvent;
using Tokens = std::span<const std::string_view>;

constexpr std::string_view kHeader = "holdfast-schedule 1";

constexpr std::pair<std::string_view, Kind> kKinds[] = {
    {"deliver", Kind::kDeliver},
    {"duplicate", Kind::kDuplicate},
    {"alarm", Kind::kRing},
    {"job", Kind::kFinishJob},
    {"boot", Kind::kBoot},
    {"crash", Kind::kCrash},
    {"wipe", Kind::kWipe},
    {"cut", Kind::kCut},
    {"error", Kind::kDiskError},
};

std::string operation_name(std::uint32_t kind) {
  return scenarios::LogCompany({}).name_of(static_cast<std::uint8_t>(kind));
}

std::string frame_name(const explore::Origin& frame) {
  return fmt::format("{}.{}.{}", frame.sender + 1, frame.step, frame.output);
}

std::vector<std::string_view> tokens_of(std::string_view line) {
  line = line.substr(0, line.find('#'));
  std::vector<std::string_view> tokens;
  while (true) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return tokens;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    tokens.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::optional<std::uint32_t> small(std::string_view text) {
  const auto number = sim::parse_unsigned(text);
  constexpr std::uint64_t kMost = 0xffff;
  if (!number || *number > kMost) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<explore::Node> member(std::string_view text) {
  const auto number = small(text);
  constexpr std::uint32_t kMost = 64;
  if (!number || *number == 0 || *number > kMost) return std::nullopt;
  return *number - 1;
}

std::optional<explore::Origin> frame(std::string_view text) {
  const std::size_t first = text.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto sender = member(text.substr(0, first));
  const auto step = small(text.substr(first + 1, second - first - 1));
  const auto output = small(text.substr(second + 1));
  if (!sender || !step || !output) return std::nullopt;
  return explore::Origin{.sender = *sender, .step = *step, .output = *output};
}

std::optional<std::uint32_t> operation(std::string_view text) {
  for (std::uint32_t kind = 0; kind < scenarios::kLogOperations; ++kind)
    if (operation_name(kind) == text) return kind;
  return std::nullopt;
}

// "deliver 1.9.0" or "elect 1", with the kinds that they have there.
std::optional<SystemEvent> deed(Tokens words, Kind delivery, Kind performance) {
  if (words.size() != 2) return std::nullopt;
  if (words[0] == "deliver") {
    const auto name = frame(words[1]);
    if (!name) return std::nullopt;
    return SystemEvent{.kind = delivery, .frame = *name};
  }
  const auto kind = operation(words[0]);
  const auto node = member(words[1]);
  if (!kind || !node) return std::nullopt;
  return SystemEvent{.kind = performance, .node = *node, .argument = *kind};
}

// Of all kinds that name a member first.
std::optional<SystemEvent> of_member(Kind kind, Tokens rest) {
  const auto node = rest.empty() ? std::nullopt : member(rest[0]);
  if (!node) return std::nullopt;
  SystemEvent event{.kind = kind, .node = *node};
  switch (kind) {
    case Kind::kFinishJob:
      if (rest.size() != 2 || (rest[1] != "commit" && rest[1] != "bulk")) return std::nullopt;
      event.argument = rest[1] == "commit" ? 0 : 1;
      return event;
    case Kind::kDiskError:
      if (rest.size() != 2 || (rest[1] != "undone" && rest[1] != "done")) return std::nullopt;
      event.argument = rest[1] == "done" ? 1 : 0;
      return event;
    case Kind::kCrash: {
      const auto image = rest.size() == 2 ? small(rest[1]) : std::nullopt;
      if (!image) return std::nullopt;
      event.argument = *image;
      return event;
    }
    case Kind::kCut: {
      const auto to = rest.size() == 3 ? member(rest[1]) : std::nullopt;
      const auto life = rest.size() == 3 ? small(rest[2]) : std::nullopt;
      if (!to || !life) return std::nullopt;
      event.argument = explore::argument_of_cut(*to, *life);
      return event;
    }
    default:
      return rest.size() == 1 ? std::optional(event) : std::nullopt;
  }
}

std::optional<SystemEvent> event_of(Tokens words) {
  if (words[0] == "crash-in") {
    const auto variant = words.size() == 4 ? small(words[3]) : std::nullopt;
    if (!variant) return std::nullopt;
    auto event = deed(words.subspan(1, 2), Kind::kCrashAtDelivery, Kind::kCrashAtOperation);
    if (event) event->variant = *variant;
    return event;
  }
  if (words[0] == "duplicate") {
    const auto name = words.size() == 2 ? frame(words[1]) : std::nullopt;
    if (!name) return std::nullopt;
    return SystemEvent{.kind = Kind::kDuplicate, .frame = *name};
  }
  for (const auto& [word, kind] : kKinds)
    if (word == words[0] && !explore::is_delivery(kind)) return of_member(kind, words.subspan(1));
  return deed(words, Kind::kDeliver, Kind::kPerform);
}

// False: it is no such line.
bool take_setting(Tokens words, Schedule& schedule) {
  if (words.size() != 2) return false;
  if (words[0] == "configuration") {
    schedule.configuration = words[1];
  } else if (words[0] == "links" && (words[1] == "any" || words[1] == "connections")) {
    schedule.links = words[1] == "any" ? explore::Links::kUnordered : explore::Links::kConnections;
  } else if (words[0] == "disks" && (words[1] == "eager" || words[1] == "slow")) {
    schedule.disks = words[1] == "eager" ? explore::Disks::kEager : explore::Disks::kSlow;
  } else if (words[0] == "dead-frames" && (words[1] == "dropped" || words[1] == "kept")) {
    schedule.reductions.dead_frames = words[1] == "dropped";
  } else if (words[0] == "budget") {
    for (std::string_view rest = words[1]; !rest.empty();) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      schedule.budget.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string event_line(const SystemEvent& event) {
  switch (event.kind) {
    case Kind::kDeliver:
      return "deliver " + frame_name(event.frame);
    case Kind::kDuplicate:
      return "duplicate " + frame_name(event.frame);
    case Kind::kRing:
      return fmt::format("alarm {}", event.node + 1);
    case Kind::kFinishJob:
      return fmt::format("job {} {}", event.node + 1, event.argument == 0 ? "commit" : "bulk");
    case Kind::kPerform:
      return fmt::format("{} {}", operation_name(event.argument), event.node + 1);
    case Kind::kBoot:
      return fmt::format("boot {}", event.node + 1);
    case Kind::kCrash:
      return fmt::format("crash {} {}", event.node + 1, event.argument);
    case Kind::kWipe:
      return fmt::format("wipe {}", event.node + 1);
    case Kind::kCrashAtDelivery:
      return fmt::format("crash-in deliver {} {}", frame_name(event.frame), event.variant);
    case Kind::kCrashAtOperation:
      return fmt::format(
          "crash-in {} {} {}", operation_name(event.argument), event.node + 1, event.variant);
    case Kind::kDiskError:
      return fmt::format("error {} {}", event.node + 1, event.argument == 0 ? "undone" : "done");
    case Kind::kCut:
      return fmt::format(
          "cut {} {} {}", event.node + 1, (event.argument & 0xff) + 1, event.argument >> 8);
  }
  return "?";
}

tl::expected<Schedule, std::string> parse_schedule(std::string_view text) {
  Schedule schedule;
  std::size_t number = 0;
  bool begun = false;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::vector<std::string_view> words = tokens_of(line);
    if (words.empty()) continue;
    if (!begun) {
      begun = line.starts_with(kHeader);
      if (begun) continue;
      return tl::unexpected(fmt::format("line {}: a schedule begins with '{}'", number, kHeader));
    }
    if (schedule.events.empty() && take_setting(words, schedule)) continue;
    const auto event = event_of(words);
    if (!event) {
      return tl::unexpected(fmt::format(
          "line {}: '{}' is no event; they are 'deliver 1.9.0', 'duplicate 1.9.0', 'elect 1' (or "
          "another operation), 'alarm 1', 'job 1 commit', 'boot 1', 'crash 1 0', 'crash-in deliver "
          "1.9.0 0', 'wipe 1', 'cut 1 2 1', 'error 1 undone'",
          number,
          fmt::join(words, " ")));
    }
    schedule.events.push_back(*event);
    schedule.lines.push_back(number);
  }
  if (!begun)
    return tl::unexpected(fmt::format("it is empty; a schedule begins with '{}'", kHeader));
  if (schedule.configuration.empty())
    return tl::unexpected(std::string("it has no line 'configuration NAME'"));
  return schedule;
}

}  // namespace holdfast::tools
