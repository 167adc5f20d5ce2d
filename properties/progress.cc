#include "properties/progress.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "properties/progress_report.h"

namespace holdfast::properties {
namespace {

std::optional<Goal> goal_called(EventKind kind) {
  if (kind == EventKind::kElectCalled) return Goal::kElect;
  if (kind == EventKind::kAppendCalled) return Goal::kAppend;
  if (kind == EventKind::kTruncateCalled) return Goal::kTruncate;
  if (kind == EventKind::kReadCalled) return Goal::kRead;
  if (kind == EventKind::kCatchupCalled) return Goal::kCatchUp;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Goal goal) {
  switch (goal) {
    case Goal::kElect:
      return "an election";
    case Goal::kAppend:
      return "an append";
    case Goal::kTruncate:
      return "a truncate";
    case Goal::kRead:
      return "a read";
    case Goal::kCatchUp:
      return "a catch-up";
    case Goal::kVote:
      return "the recovery of a member";
  }
  HOLDFAST_UNREACHABLE("goal");
}

Progress::Progress(const Bench& bench)
    : Judge(kProgress,
            {EventKind::kElectCalled,
             EventKind::kElectReturned,
             EventKind::kAppendCalled,
             EventKind::kAppendReturned,
             EventKind::kTruncateCalled,
             EventKind::kTruncateReturned,
             EventKind::kReadCalled,
             EventKind::kReadReturned,
             EventKind::kCatchupCalled,
             EventKind::kCatchupReturned,
             EventKind::kStatus,
             EventKind::kRestored},
            bench) {}

void Progress::on_heal(std::span<const NodeId> core) {
  healed_ = true;
  core_.assign(core.begin(), core.end());
}

void Progress::require(Requirement requirement) {
  HOLDFAST_REQUIRE(healed_);
  HOLDFAST_REQUIRE(requirement.within_events > 0);
  outstanding_.push_back({.requirement = requirement, .since = facts().seq()});
}

bool Progress::overdue(std::uint64_t seq) const {
  return std::any_of(outstanding_.begin(), outstanding_.end(), [&](const Outstanding& o) {
    return seq > o.since + o.requirement.within_events;
  });
}

bool Progress::in_core(NodeId node) const {
  return std::find(core_.begin(), core_.end(), node) != core_.end();
}

void Progress::on_event(const Event& e) {
  if (!healed_) return;
  // A member may die before it can say that it votes, and find it written when it comes back.
  if (e.kind == EventKind::kStatus || e.kind == EventKind::kRestored) {
    if (static_cast<Status>(e.word(0)) == Status::kVoting) met(e, Goal::kVote, e.seq);
  } else if (const auto goal = goal_called(e.kind)) {
    calls_.at(e.word(0)) = {.goal = *goal, .seq = e.seq};
  } else {
    returned(e);
  }
}

void Progress::returned(const Event& e) {
  const Call* found = calls_.find(e.word(0));
  if (found == nullptr) return;
  const Call call = *found;
  calls_.erase(e.word(0));
  if (static_cast<Outcome>(e.word(1)) == Outcome::kOk) met(e, call.goal, call.seq);
}

void Progress::met(const Event& e, Goal goal, std::uint64_t called) {
  const auto meets = [&](const Outstanding& o) {
    return o.requirement.goal == goal && called > o.since &&
           (!o.requirement.by || *o.requirement.by == e.node) &&
           (o.requirement.outside || in_core(e.node));
  };
  for (const Outstanding& o : outstanding_) {
    if (!meets(o) || e.seq <= o.since + o.requirement.within_events) continue;
    violated(e,
             fmt::format("{} completed {} events after it was required; the bound is {}",
                         name_of(goal),
                         e.seq - o.since,
                         o.requirement.within_events));
  }
  std::erase_if(outstanding_, meets);
}

std::optional<std::string> Progress::cannot_recover() const {
  std::size_t voting = 0;
  std::string others;
  for (const NodeId node : core_) {
    const ReplicaView& view = facts().replica(node);
    if (view.status == Status::kVoting) {
      ++voting;
    } else {
      fmt::format_to(std::back_inserter(others), " {} ({})", node.value, status_name(view.status));
    }
  }
  const std::size_t quorum = facts().members().quorum;
  if (voting >= quorum) return std::nullopt;
  return fmt::format(
      "only {} of the {} members needed vote in the core; not voting:{}", voting, quorum, others);
}

void Progress::finish() {
  if (outstanding_.empty() || cannot_recover()) return;
  for (const Outstanding& o : outstanding_) {
    violated(o.requirement.by.value_or(NodeId{}),
             fmt::format("{} did not complete; {} events have passed, the bound is {}\n{}",
                         name_of(o.requirement.goal),
                         facts().seq() - o.since,
                         o.requirement.within_events,
                         to_text(progress_report(facts()))));
  }
}

}  // namespace holdfast::properties
