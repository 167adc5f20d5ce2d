#include "real/server/flight_record.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include <signal.h>
#include <string.h>
#include <time.h>

#include "protocol/env/check.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;

// About ten thousand events at least, and little enough to be written over many times before the
// kernel writes it to the disk.
constexpr TraceFile::Size kSize{.window_bytes = 512 << 10, .windows = 2};

// A life that lasted longer is no part of a loop.
constexpr std::uint64_t kLoopSeconds = 600;

constexpr std::array kCrashes{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

// For the handler, which has nothing else: the record, and who handled the signals before.
TraceFile* crashing = nullptr;
std::array<struct sigaction, kCrashes.size()> handlers_before{};

std::uint64_t seconds_now() {
  return static_cast<std::uint64_t>(::time(nullptr));
}

void on_crash(int number, siginfo_t* info, void*) {
  if (crashing != nullptr) {
    crashing->mark({.kind = LifeEnd::Kind::kAborted,
                    .number = static_cast<std::uint32_t>(number),
                    .at = seconds_now()});
  }
  for (std::size_t i = 0; i < kCrashes.size(); ++i)
    if (kCrashes[i] == number) ::sigaction(number, &handlers_before[i], nullptr);
  // A fault happens again when this returns; what somebody sent has to be sent once more.
  if (info->si_code <= 0) ::raise(number);
}

}  // namespace

FlightRecord::FlightRecord(const std::string& folder) : path_(folder + "/flight") {
  const auto former = TraceReader::open(path_);
  // None, or not even its head was written.
  if (!former) return;
  former_ = (*former)->end();
  if (former_->kind != LifeEnd::Kind::kAborted) return;
  const std::uint64_t started = (*former)->head().started;
  const bool brief = former_->at >= started && former_->at - started < kLoopSeconds;
  crashes_ = brief ? (*former)->head().crashes + 1 : 1;
}

void FlightRecord::begin(TraceHead head, Journal& journal) {
  if (former_ && former_->kind != LifeEnd::Kind::kEnded) keep_former(journal);
  head.crashes = crashes_;
  auto file = TraceFile::create(path_, head, kSize);
  if (file) {
    file_ = std::move(*file);
  } else {
    journal.say(Level::kWarning,
                "no_flight_record",
                {{"why", file.error()}, {"next", "the member works without; free space for one"}});
  }
}

void FlightRecord::keep_former(Journal& journal) const {
  const bool aborted = former_->kind == LifeEnd::Kind::kAborted;
  const std::string kept = path_ + (aborted ? ".crashed" : ".killed");
  std::error_code error;
  fs::rename(path_, kept, error);
  const std::string record = error ? path_ + ": cannot be kept: " + error.message() : kept;
  const Journal::Field next{"next", "holdfast-sim flight FILE prints its last events"};
  if (!aborted) {
    journal.say(Level::kInfo, "former_life_was_killed", {{"record", record}, next});
    return;
  }
  const char* name = ::sigabbrev_np(static_cast<int>(former_->number));
  journal.say(Level::kError,
              "former_life_crashed",
              {{"signal", name == nullptr ? std::to_string(former_->number) : std::string(name)},
               {"crashes_in_a_row", std::to_string(crashes_)},
               {"record", record},
               next});
}

void FlightRecord::end(int exit_code) {
  if (file_ == nullptr) return;
  // What crashes from here on is no part of this life.
  if (crashing == file_.get()) crashing = nullptr;
  file_->mark({.kind = LifeEnd::Kind::kEnded,
               .number = static_cast<std::uint32_t>(exit_code),
               .at = seconds_now()});
}

void FlightRecord::catch_crashes() {
  if (file_ == nullptr) return;
  crashing = file_.get();
  // A fiber that overflows its stack has none left for a handler.
  static char stack[64 << 10];
  const stack_t other{.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof(stack)};
  HOLDFAST_CHECK(::sigaltstack(&other, nullptr) == 0);

  struct sigaction action {};

  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (std::size_t i = 0; i < kCrashes.size(); ++i)
    HOLDFAST_CHECK(::sigaction(kCrashes[i], &action, &handlers_before[i]) == 0);
}

Duration pause_after(std::uint64_t crashes) {
  if (crashes < 2) return {};
  return Duration::seconds(
      std::min<std::int64_t>(60, std::int64_t{1} << std::min<std::uint64_t>(crashes - 2, 6)));
}

}  // namespace holdfast::real
