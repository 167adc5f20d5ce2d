#include "tools/sim_soak.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "tools/sim_build.h"
#include "tools/sim_date.h"
#include "tools/sim_files.h"
#include "tools/sim_ledger.h"
#include "tools/sim_points.h"
#include "tools/sim_run.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

constexpr std::int64_t kFlushEvery = 30'000'000'000;

// Two soaks on one ledger would run the same seeds.  Held on the folder, so that nothing is left
// behind.
class LedgerLock {
 public:
  explicit LedgerLock(const std::string& ledger) {
    const auto folder = std::filesystem::absolute(ledger).parent_path();
    file_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    exists_ = file_ >= 0;
    held_ = exists_ && ::flock(file_, LOCK_EX | LOCK_NB) == 0;
  }

  ~LedgerLock() {
    if (exists_) ::close(file_);
  }

  LedgerLock(const LedgerLock&) = delete;
  LedgerLock& operator=(const LedgerLock&) = delete;

  bool exists() const { return exists_; }

  bool held() const { return held_; }

 private:
  int file_ = -1;
  bool exists_ = false;
  bool held_ = false;
};

std::string result_text(const Totals& totals) {
  if (totals.failures().empty()) {
    return totals.undecided() == 0 ? "passed"
                                   : fmt::format("passed ({} undecided)", totals.undecided());
  }
  std::string text = "failed:";
  for (const FailedSeed& failure : totals.failures())
    text += fmt::format(" {} {}", exit_name(failure.exit_code), failure.seed);
  return text;
}

SoakFaults faults_of(const Totals& totals) {
  SoakFaults faults;
  for (const FaultCount& row : fault_table(totals.counters()))
    faults.emplace_back(row.name, row.injected);
  return faults;
}

int usage(const std::string& problem) {
  std::fprintf(stderr, "holdfast-sim soak: %s\n", problem.c_str());
  return kExitUsage;
}

class Soak {
 public:
  Soak(const SoakCommand& command, Ledger ledger)
      : command_(command),
        before_(std::move(ledger)),
        options_(command.campaign) {
    range_.date = today();
    range_.core = core_hash();
    range_.scenario = std::string(options_.choice.scenario->name);
    range_.profile = std::string(name_of(options_.choice.profile));
    range_.first = before_.next_seed(range_);
  }

  // What is wrong, or nothing.
  std::string check() const {
    const SoakTotal done = before_.total(range_);
    if (done.seeds == 0 || command_.resume == Resume::kYes) return "";
    return fmt::format(
        "{} has {} seeds of core {}, {} and profile {} already; add --resume to go on after them",
        command_.ledger,
        grouped(done.seeds),
        hex16(range_.core),
        range_.scenario,
        range_.profile);
  }

  int run() {
    options_.first_seed = range_.first;
    options_.on_interrupt = OnInterrupt::kFinishRuns;
    options_.count =
        std::min(options_.count, std::numeric_limits<std::uint64_t>::max() - range_.first);
    fmt::print("{}\nscenario {}, profile {}, seeds from {} on, {} jobs, ledger {}\n",
               program_line(),
               range_.scenario,
               range_.profile,
               range_.first,
               options_.jobs,
               command_.ledger);
    std::fflush(stdout);
    Campaign campaign(options_);
    const Campaign::End end = campaign.run([&] {
      if (campaign.real_ns() >= flushed_ns_ + kFlushEvery) flush(campaign);
    });
    if (end == Campaign::End::kInvalid) return usage(campaign.problem());
    flush(campaign);
    fmt::print("{}", summary_text(campaign.totals(), campaign.real_ns()));
    fmt::print("this core, {}, profile {}, in all: {}\n",
               range_.scenario,
               range_.profile,
               to_string(after(campaign.totals()).total(range_)));
    std::fflush(stdout);
    int code = exit_code_of(end, campaign.totals());
    if (code == kExitPassed && !gate(campaign.totals())) code = kExitPoints;
    if (problem_.empty()) return code;
    usage(problem_);
    return code == kExitPassed ? kExitUsage : code;
  }

 private:
  // After so many seeds every path was taken that this scenario is there for, or it is too tame.
  bool gate(const Totals& totals) const {
    const scenarios::Scenario& scenario = *options_.choice.scenario;
    if (totals.seeds() < seeds_to_reach(scenario)) return true;
    const std::string missed = missed_points(totals.points(), scenario);
    if (missed.empty()) return true;
    fmt::print("points that {} seeds did not reach, rare ones included:\n{}",
               grouped(totals.seeds()),
               missed);
    return false;
  }

  Ledger after(const Totals& totals) const {
    Ledger ledger = before_;
    if (totals.seeds() == 0) return ledger;
    SoakRange range = range_;
    range.seeds = totals.seeds();
    range.events = totals.counters().events;
    range.simulated_s = static_cast<std::uint64_t>(totals.simulated_ns() / 1'000'000'000);
    range.result = result_text(totals);
    ledger.add(range, faults_of(totals));
    return ledger;
  }

  void flush(const Campaign& campaign) {
    flushed_ns_ = campaign.real_ns();
    problem_ = write_file(command_.ledger, after(campaign.totals()).format());
  }

  const SoakCommand& command_;
  const Ledger before_;
  Campaign::Options options_;
  SoakRange range_;
  std::int64_t flushed_ns_ = 0;
  std::string problem_;
};

}  // namespace

int soak_command(const SoakCommand& command) {
  if (command.campaign.choice.scenario->planted) {
    return usage(fmt::format("{} has a bug planted in it; soak is for scenarios that must pass",
                             command.campaign.choice.scenario->name));
  }
  const LedgerLock lock(command.ledger);
  if (!lock.exists()) return usage("--ledger " + command.ledger + ": there is no such folder");
  if (!lock.held()) {
    return usage(command.ledger + " is in use by another soak; wait for it, or use --ledger");
  }
  std::string text;
  if (std::filesystem::exists(command.ledger)) {
    const auto content = read_file(command.ledger);
    if (!content) return usage(content.error());
    text = *content;
  }
  auto ledger = Ledger::parse(text);
  if (!ledger) return usage(command.ledger + ", " + ledger.error());
  Soak soak(command, std::move(*ledger));
  if (const std::string problem = soak.check(); !problem.empty()) return usage(problem);
  return soak.run();
}

}  // namespace holdfast::tools
