#include "tools/cli_read.h"

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "real/client/client.h"
#include "real/client/retry.h"
#include "real/ports/monotonic.h"
#include "real/server/exit_code.h"
#include "real/server/units.h"

#include "tools/cli_call.h"
#include "tools/cli_status.h"
#include "tools/sim_interrupt.h"

namespace holdfast::tools {
namespace {

using real::Client;
using real::ErrorKind;
using real::ExitCode;
using real::Failed;

constexpr const char* kReadFooter =
    "Exit codes: 0 done, 2 bad usage or configuration, 6 refused, 7 no member answered in time.";

constexpr const char* kTailFooter =
    "Entries are printed once each, in their order, also when another member has to be asked.\n"
    "Exit codes: 0 ended by Ctrl-C or SIGTERM, 2 bad usage or configuration, 6 refused (what comes "
    "next was\ntruncated), 7 no member answered in time.";

struct Reading : CommonArguments {
  std::uint64_t from = 0;
  unsigned member = 0;
};

struct ReadArguments : Reading {
  std::uint64_t to = 0;
  bool local = false;
};

struct TailArguments : Reading {
  std::string poll = "200ms";
};

// The member of --member, or none.  False: there is no such member, which was said.
bool find_member(const Reading& arguments,
                 const CLI::App& command,
                 const Call& call,
                 std::optional<NodeId>& found) {
  if (command.count("--member") == 0) return true;
  for (const auto& member : call.config.members)
    if (member.id.value == arguments.member) found = member.id;
  if (!found) {
    complain("--member: there is no member " + std::to_string(arguments.member), ExitCode::kUsage);
  }
  return found.has_value();
}

void print_entry(const real::ReadEntry& entry, bool json) {
  if (json) {
    std::puts(entry_json(entry).c_str());
    return;
  }
  std::printf("%" PRIu64 "\t", entry.position.value);
  std::fwrite(entry.bytes->data(), 1, entry.bytes->size(), stdout);
  std::fputc('\n', stdout);
}

// --- read

// Pages until the range is read.
int read_all(Client& client, NodeId member, real::ReadRequest range, const Call& call, bool json) {
  while (true) {
    const auto page = client.read(member, range, call.patience);
    if (!page) return complain(page.error());
    for (const real::ReadEntry& entry : page->entries)
      print_entry(entry, json);
    if (!page->next) return 0;
    range.from = page->next;
  }
}

int read(const ReadArguments& arguments, const CLI::App& command) {
  const auto call = prepare(arguments);
  if (!call) return static_cast<int>(ExitCode::kUsage);
  real::ReadRequest range;
  if (command.count("--from") != 0) range.from = Position{arguments.from};
  if (command.count("--to") != 0) range.to = Position{arguments.to};
  if (std::max(arguments.from, arguments.to) > Position::max().value) {
    return complain("--from, --to: no position is that large", ExitCode::kUsage);
  }
  std::optional<NodeId> member;
  if (!find_member(arguments, command, *call, member)) return static_cast<int>(ExitCode::kUsage);
  Client client(call->client);
  if (!member) {
    const auto chosen = choose_member(client, *call);
    if (!chosen) return complain(chosen.error());
    member = *chosen;
  }
  if (!arguments.local) {
    const auto upto = client.catchup(*member, call->patience);
    if (!upto) return complain(upto.error());
  }
  return read_all(client, *member, range, *call, arguments.json);
}

// --- tail

// Prints what comes, from a position on.
class Tail {
 public:
  Tail(const Call& call, std::optional<NodeId> member, Duration poll, bool json)
      : call_(call),
        client_(call.client),
        wanted_(member),
        poll_(poll),
        json_(json) {}

  // None: behind all that was acknowledged to anybody.
  int run(std::optional<Position> from) {
    Instant answered = real::monotonic_now();
    while (interrupt_signal() == 0) {
      const auto worked = follow(from);
      if (worked) {
        answered = real::monotonic_now();
        if (*worked) continue;
      } else if (worked.error().kind == ErrorKind::kTruncated) {
        return complain(worked.error());
      } else {
        member_.reset();
        if (real::monotonic_now() >= answered + call_.patience) return complain(worked.error());
      }
      real::sleep_until(real::monotonic_now() + poll_);
    }
    return 0;
  }

 private:
  // Whether there may be more at once.
  tl::expected<bool, Failed> follow(std::optional<Position>& from) {
    if (!member_) {
      if (wanted_) {
        member_ = wanted_;
      } else {
        const auto chosen = choose_member(client_, call_);
        if (!chosen) return tl::unexpected(chosen.error());
        member_ = *chosen;
      }
    }
    if (!from) {
      const auto upto = client_.catchup(*member_, call_.patience);
      if (!upto) return tl::unexpected(upto.error());
      from = *upto ? (*upto)->next() : Position{};
    }
    const auto page = client_.read(*member_, {.from = from}, call_.patience);
    // It has not come as far yet.
    if (!page && page.error().kind == ErrorKind::kPastEnd) return false;
    if (!page) return tl::unexpected(page.error());
    for (const real::ReadEntry& entry : page->entries) {
      print_entry(entry, json_);
      from = entry.position.next();
    }
    if (page->next) from = *page->next;
    std::fflush(stdout);
    return page->next.has_value();
  }

  const Call& call_;
  Client client_;
  std::optional<NodeId> wanted_;
  std::optional<NodeId> member_;
  Duration poll_;
  bool json_;
};

int tail(const TailArguments& arguments, const CLI::App& command) {
  const auto call = prepare(arguments);
  if (!call) return static_cast<int>(ExitCode::kUsage);
  const auto poll = real::parse_duration(arguments.poll);
  if (!poll || *poll < Duration::milliseconds(1)) {
    return complain("--poll: " + (poll ? "wants at least 1ms" : poll.error()), ExitCode::kUsage);
  }
  std::optional<Position> from;
  if (command.count("--from") != 0) from = Position{arguments.from};
  if (from && *from > Position::max()) return complain("--from: is no position", ExitCode::kUsage);
  std::optional<NodeId> member;
  if (!find_member(arguments, command, *call, member)) return static_cast<int>(ExitCode::kUsage);
  note_interrupts();
  return Tail(*call, member, *poll, arguments.json).run(from);
}

// --- catchup

int catch_up(const Reading& arguments, const CLI::App& command) {
  const auto call = prepare(arguments);
  if (!call) return static_cast<int>(ExitCode::kUsage);
  std::optional<NodeId> member;
  if (!find_member(arguments, command, *call, member)) return static_cast<int>(ExitCode::kUsage);
  Client client(call->client);
  int code = 0;
  for (const auto& each : call->config.members) {
    if (member && each.id != *member) continue;
    const auto upto = client.catchup(each.id, call->patience);
    if (!upto) {
      code = complain(
          {.kind = upto.error().kind,
           .text = "member " + std::to_string(int{each.id.value}) + ": " + upto.error().text});
      continue;
    }
    std::printf(
        "%d\t%s\n", int{each.id.value}, *upto ? std::to_string((*upto)->value).c_str() : "-");
  }
  return code;
}

void add_read(CLI::App& app, const std::function<void(int)>& done) {
  const auto arguments = std::make_shared<ReadArguments>();
  CLI::App* command =
      add_command(app, "read", "Print entries: position, tab, bytes, newline", *arguments);
  command->add_option("--from", arguments->from, "The first position (default: the beginning)");
  command->add_option("--to", arguments->to, "The last position (default: the last one learned)");
  command->add_option(
      "--member", arguments->member, "Whose copy (default: the first that answers and votes)");
  command->add_flag(
      "--local", arguments->local, "As the member is; it does not ask the others first");
  command->add_flag(
      "--json", arguments->json, "Print one JSON object per entry (docs/operations.md)");
  command->footer(kReadFooter);
  command->callback([=] { done(read(*arguments, *command)); });
}

void add_tail(CLI::App& app, const std::function<void(int)>& done) {
  const auto arguments = std::make_shared<TailArguments>();
  CLI::App* command = add_command(app, "tail", "Print entries as they come", *arguments);
  command->add_option(
      "--from", arguments->from, "The first position (default: what comes from now on)");
  command->add_option(
      "--member", arguments->member, "Whose copy (default: whichever answers and votes)");
  command->add_option("--poll", arguments->poll, "How long to wait when nothing is new")
      ->capture_default_str();
  command->add_flag(
      "--json", arguments->json, "Print one JSON object per entry (docs/operations.md)");
  command->footer(kTailFooter);
  command->callback([=] { done(tail(*arguments, *command)); });
}

void add_catchup(CLI::App& app, const std::function<void(int)>& done) {
  const auto arguments = std::make_shared<Reading>();
  CLI::App* command =
      add_command(app,
                  "catchup",
                  "Let members learn all that was acknowledged; print how far each is",
                  *arguments);
  command->add_option("--member", arguments->member, "Which (default: all)");
  command->footer(kReadFooter);
  command->callback([=] { done(catch_up(*arguments, *command)); });
}

}  // namespace

tl::expected<NodeId, Failed> choose_member(Client& client, const Call& call) {
  Failed last;
  for (const auto& member : call.config.members) {
    const auto status = client.status(member.id, call.patience);
    if (status && status->status == Status::kVoting) return member.id;
    last = status ? Failed{.kind = ErrorKind::kNotVoting, .text = "no member that answers votes"}
                  : status.error();
  }
  return tl::unexpected(std::move(last));
}

void add_read_commands(CLI::App& app, const std::function<void(int exit_code)>& done) {
  add_read(app, done);
  add_tail(app, done);
  add_catchup(app, done);
}

}  // namespace holdfast::tools
