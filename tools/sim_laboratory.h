#pragma once

// Plays plans in workers, many of them, for those who want to know what fails.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "scenarios/shrink.h"
#include "tools/sim_failure.h"
#include "tools/sim_record.h"

namespace holdfast::tools {

class Laboratory {
 public:
  struct Options {
    unsigned jobs = 1;
    // Real time; then nothing more is tried.
    std::optional<Duration> budget;
  };

  enum class Until : std::uint8_t {
    // The first violation.
    kViolation,
    // The run's own end; a failed one then has its trail and, if it is short, its story.
    kEnd,
    // The first violation; what happened is told, a line per event of the protocol.
    kViolationTold,
    // The same to the run's own end.
    kEndTold,
  };

  explicit Laboratory(const Options& options);

  std::int64_t real_ns() const;

  std::uint64_t runs() const { return runs_; }

  // The budget is used up, or Ctrl-C was pressed.
  bool stopped() const;

  // From now on there is so much time.
  void extend(Duration budget);

  // None: Ctrl-C was pressed.
  std::optional<SeedRecord> play(const scenarios::RunPlan& plan, Until until);

  // All of them, in their order; fewer if there is no time for all.
  std::vector<SeedRecord> play_all(const std::vector<scenarios::RunPlan>& plans, Until until);

  // The first that fails as `name` says.
  std::optional<scenarios::ShrinkHit> first_failing(const scenarios::ShrinkCandidates& candidates,
                                                    const FailureName& name);

 private:
  // Hands over the records in the order of the candidates, until `take` has seen enough.
  void play_each(const scenarios::ShrinkCandidates& candidates,
                 Until until,
                 const std::function<bool()>& is_over,
                 const std::function<bool(SeedRecord)>& take);

  Options options_;
  std::int64_t began_ns_;
  std::uint64_t runs_ = 0;
};

// Where a run failed first; none: it did not, or the process died.
std::optional<scenarios::FailurePoint> failure_point(const SeedRecord& record);

}  // namespace holdfast::tools
