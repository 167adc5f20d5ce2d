#include "tools/real_replay.h"

#include <cstdio>
#include <span>
#include <string>

#include <fmt/format.h>

#include "protocol/events.h"

#include "real/server/replay.h"

#include "tools/progress_line.h"
#include "tools/sim_build.h"
#include "tools/sim_event_text.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using real::ReplayReport;

// What can be asked of runs of the simulator only; null: nothing is.
const char* asked_in_vain(const ReplayCommand& command) {
  if (command.draws()) return "--html and --perfetto";
  if (command.until || command.break_at) return "--until and --break-at";
  if (!command.save_events.empty() || !command.compare_events.empty()) {
    return "--save-events and --compare-events";
  }
  const TraceFilter& filter = command.filter;
  if (filter.node || filter.position || filter.ballot || !filter.frames) {
    return "--node, --position, --ballot and --no-frames";
  }
  return nullptr;
}

void print_report(const ReplayReport& report) {
  if (report.config_file.empty()) return fmt::print("the process died before it was a member\n");
  fmt::print("member {} of {}, holdfastd {}, core {}{}\n",
             report.member.value,
             report.config_file,
             report.version,
             report.core,
             report.core == hex16(core_hash()) ? "" : ", which is not this program's");
  fmt::print(
      "{} steps in {} of the member's time: {} frames, {} alarms, {} ends of disk jobs, {} "
      "ends of connections, {} requests\n",
      grouped(report.steps),
      seconds_text(report.span.ns()),
      grouped(report.frames),
      grouped(report.alarms),
      grouped(report.jobs),
      grouped(report.disconnects),
      grouped(report.requests));
  fmt::print("{} events, {} frames sent, {} writes of the store\n",
             grouped(report.events),
             grouped(report.sent),
             grouped(report.writes));
  if (report.died) {
    fmt::print(
        "the recording ends in the last step, as when the process dies in it; that has been done "
        "again, what came of it then is not known\n");
  }
}

}  // namespace

int replay_recording_command(const ReplayCommand& command) {
  if (const char* flags = asked_in_vain(command)) {
    fmt::print(stderr,
               "holdfast-sim replay: {} are for runs of the simulator; {} is a recording of "
               "holdfastd\n",
               flags,
               command.what);
    return kExitUsage;
  }
  note_interrupts();
  real::ReplayOptions options;
  if (command.verbosity == Verbosity::kTrace) {
    options.watch = [](Duration at,
                       EventKind kind,
                       std::initializer_list<std::uint64_t> words,
                       std::string_view bytes) {
      fmt::print(
          "{}\n",
          event_line(seconds_text(at.ns()), kind, std::span(words.begin(), words.size()), bytes));
    };
  }
  tl::expected<ReplayReport, std::string> report;
  {
    ProgressLine line;
    options.go_on = [&](const ReplayReport& sofar) {
      if (line.is_due()) {
        line.show(fmt::format(
            "{} steps, {} of the life", grouped(sofar.steps), seconds_text(sofar.span.ns())));
      }
      return interrupt_signal() == 0;
    };
    report = real::replay_recording(command.what, options);
  }
  if (!report) {
    fmt::print(stderr, "holdfast-sim replay: {}\n", report.error());
    return kExitUsage;
  }
  const bool quiet = command.verbosity == Verbosity::kQuiet;
  if (!quiet) print_report(*report);
  if (interrupt_signal() != 0) {
    fmt::print("interrupted\n");
    return 128 + interrupt_signal();
  }
  if (const auto& other = report->divergence) {
    if (!quiet)
      fmt::print("step {}, {} after the birth of the node, at {}: {}\n",
                 grouped(other->step),
                 seconds_text(other->after.ns()),
                 other->given,
                 other->text);
    return kExitNotDeterministic;
  }
  if (!quiet) fmt::print("everything happened again as it is written\n");
  return kExitPassed;
}

}  // namespace holdfast::tools
