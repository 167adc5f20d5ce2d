#include "tools/real_replay.h"

#include <chrono>
#include <cstdio>
#include <span>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "protocol/events.h"

#include "real/server/replay.h"

#include "tools/sim_build.h"
#include "tools/sim_date.h"
#include "tools/sim_event_text.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using real::ReplayReport;

// On a terminal, from the third second on.
class Progress {
 public:
  ~Progress() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
  }

  void show(const ReplayReport& report) {
    const auto now = Time::now();
    if (!on_terminal_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(500);
    shown_ = true;
    std::fprintf(stderr,
                 "\r\033[K%s steps, %s of the life",
                 grouped(report.steps).c_str(),
                 seconds_text(report.span.ns()).c_str());
  }

 private:
  using Time = std::chrono::steady_clock;

  const bool on_terminal_ = ::isatty(STDERR_FILENO) == 1;
  Time::time_point next_ = Time::now() + std::chrono::seconds(2);
  bool shown_ = false;
};

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
        "the process died in the last step, which has been done again; what came of it is not "
        "known\n");
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
      fmt::print("{:>14}  {:<18} {}{}{}\n",
                 seconds_text(at.ns()),
                 event_name(kind),
                 words_text(kind, std::span(words.begin(), words.size())),
                 bytes.empty() ? "" : ": ",
                 bytes);
    };
  }
  tl::expected<ReplayReport, std::string> report;
  {
    Progress progress;
    options.go_on = [&](const ReplayReport& sofar) {
      progress.show(sofar);
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
