#include "tools/sim_campaign.h"

#include <chrono>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/sim_capsule.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

constexpr Duration kTick = Duration::milliseconds(100);
constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace

std::string decision_file_name(const Choice& choice, std::uint64_t seed) {
  const bool beyond = choice.profile == sim::Profile::kBeyond;
  return fmt::format("{}{}-{}.plan", choice.scenario->name, beyond ? "-beyond" : "", seed);
}

// One line that is written over and over, for people who wait.
class Campaign::Progress {
 public:
  // Shown after so long, and renewed so often.
  static constexpr std::int64_t kPatience = 2 * kSecond;
  static constexpr std::int64_t kEvery = kSecond / 2;

  void show(const Totals& totals, std::int64_t real_ns) {
    if (!on_terminal_ || real_ns < kPatience || real_ns < next_ns_) return;
    next_ns_ = real_ns + kEvery;
    shown_ = true;
    std::fprintf(stderr, "\r\033[K%s", progress_text(totals, real_ns).c_str());
  }

  void clear() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
    shown_ = false;
  }

 private:
  bool on_terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  std::int64_t next_ns_ = 0;
};

Campaign::Campaign(Options options)
    : options_(std::move(options)),
      player_(options_.choice, options_.repeats),
      progress_(std::make_unique<Progress>()),
      began_ns_(now_ns()) {
  if (is_debugged()) return;
  pool_ = std::make_unique<Pool>(
      Pool::Options{.count = options_.count, .jobs = options_.jobs},
      [this](std::uint64_t index, Pool::Desk& desk) {
        return player_.play(options_.first_seed + index,
                            {.interrupted = hooks_of(desk).interrupted,
                             .begins_run = [&desk] { desk.begins_run(); },
                             .at_violation = hooks_of(desk).at_violation});
      },
      [this](const Pool::Death& death) { return bury(death); });
}

Campaign::~Campaign() = default;

std::int64_t Campaign::real_ns() const {
  return ended_ns_.value_or(now_ns()) - began_ns_;
}

bool Campaign::over() const {
  if (pool_) return pool_->over();
  return stopped_ || next_here_ == options_.count;
}

std::optional<SeedRecord> Campaign::next() {
  if (pool_) return pool_->next(kTick);
  SeedRecord record = player_.play(options_.first_seed + next_here_,
                                   {.interrupted = [] { return interrupt_signal() != 0; }});
  record.index = next_here_++;
  if (record.interrupted) return std::nullopt;
  return record;
}

void Campaign::stop() {
  stopped_ = true;
  if (pool_) pool_->stop();
}

void Campaign::interrupt() {
  stop();
  if (pool_ && options_.on_interrupt == OnInterrupt::kDropRuns) pool_->interrupt();
}

Campaign::End Campaign::run(const std::function<void()>& tick) {
  const End end = play(tick);
  ended_ns_ = now_ns();
  return end;
}

Campaign::End Campaign::play(const std::function<void()>& tick) {
  End end = End::kAll;
  while (!over()) {
    if (interrupt_signal() != 0 && end != End::kInterrupted) {
      end = End::kInterrupted;
      interrupt();
    }
    if (end == End::kAll && options_.budget && real_ns() >= options_.budget->ns()) {
      end = End::kBudget;
      stop();
    }
    if (over()) break;
    if (auto record = next()) {
      take(std::move(*record));
      if (!problem_.empty()) return End::kInvalid;
      if (too_many_failed()) {
        progress_->clear();
        return End::kFailures;
      }
    }
    progress_->show(totals_, real_ns());
    tick();
  }
  progress_->clear();
  return end == End::kAll && stopped_ ? End::kStopped : end;
}

void Campaign::take(SeedRecord record) {
  if (!record.invalid.empty()) {
    progress_->clear();
    problem_ = record.invalid;
    return;
  }
  if (!record.output.empty()) {
    progress_->clear();
    std::fprintf(
        stderr, "seed %s wrote:\n%s", std::to_string(record.seed).c_str(), record.output.c_str());
  }
  totals_.add(record);
  if (record.failed()) fail(std::move(record));
}

bool Campaign::too_many_failed() const {
  return totals_.failed() - totals_.quarantined() >= options_.failures_max;
}

SeedRecord Campaign::bury(const Pool::Death& death) const {
  SeedRecord record =
      record_of_death(options_.first_seed + death.index,
                      death.in_run ? death.text : "while its plan was drawn: " + death.text,
                      death.found);
  record.has_plan = death.in_run;
  return record;
}

void Campaign::fail(SeedRecord record) {
  FailedSeed failed{.seed = record.seed, .exit_code = record.exit_code()};
  failed.record = std::move(record);
  if (options_.sieve) options_.sieve(failed);
  if (failed.kept) {
    failed.file = write_decisions(failed.record);
    progress_->clear();
    fmt::print("{}", failure_text(failed, options_.program, line_of(options_.choice)));
    std::fflush(stdout);
  }
  totals_.add_failure(std::move(failed));
}

// The path; empty if there is no plan, or no file could be written.
std::string Campaign::write_decisions(const SeedRecord& record) {
  if (!record.has_plan) return "";
  const auto plan = plan_of(options_.choice, record.seed);
  if (!plan) return "";
  const std::string about = fmt::format(
      "holdfast-sim replay [--trace] THIS_FILE plays it again; this seed was drawn by\n"
      "holdfast-sim replay {} {}\n",
      record.seed,
      line_of(options_.choice));
  const std::string path =
      fmt::format("{}/{}", options_.out, decision_file_name(options_.choice, record.seed));
  const std::string problem = write_capsule(path, *plan, record, about);
  if (problem.empty()) return path;
  if (file_problem_.empty()) file_problem_ = problem;
  std::fprintf(stderr, "holdfast-sim: %s\n", problem.c_str());
  return "";
}

}  // namespace holdfast::tools
