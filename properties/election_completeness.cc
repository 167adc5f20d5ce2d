#include "properties/election_completeness.h"

#include <algorithm>

#include <fmt/format.h>

namespace holdfast::properties {

ElectionCompleteness::ElectionCompleteness(const Bench& bench)
    : Judge(kElectionCompleteness,
            {EventKind::kElecting,
             EventKind::kElected,
             EventKind::kProposed,
             EventKind::kAppendReturned,
             EventKind::kTruncateReturned},
            bench) {}

void ElectionCompleteness::on_event(const Event& e) {
  if (e.kind == EventKind::kProposed) {
    proposed(e);
  } else if (e.kind == EventKind::kElecting) {
    elections_[e.node.value] = Election{.ballot = {e.word(0)}, .floor = acknowledged_};
    tenures_[e.node.value].reset();
  } else if (e.kind == EventKind::kElected) {
    elected(e);
  } else {
    acknowledged(OpResult::of(e));
  }
}

void ElectionCompleteness::on_crash(NodeId node) {
  elections_[node.value].reset();
  tenures_[node.value].reset();
}

void ElectionCompleteness::acknowledged(const OpResult& result) {
  if (result.outcome != Outcome::kOk) return;
  if (!acknowledged_ || *acknowledged_ < result.position) acknowledged_ = result.position;
}

void ElectionCompleteness::elected(const Event& e) {
  const Ballot ballot{e.word(0)};
  std::optional<Position> end;
  if (e.word(1) != kNoPosition) end = Position{e.word(1)};
  tenures_[e.node.value] = Tenure{.ballot = ballot, .end = end};

  const std::optional<Election> election = elections_[e.node.value];
  elections_[e.node.value].reset();
  if (!election || election->ballot != ballot) {
    violated(e, fmt::format("elected at ballot {}, which no elect() had begun", show(ballot)));
    return;
  }
  if (election->floor && (!end || *end < *election->floor)) {
    violated(e,
             fmt::format("elected at ballot {} with end {}, but position {} was acknowledged "
                         "before elect() was called",
                         show(ballot),
                         end ? std::to_string(end->value) : "none",
                         election->floor->value));
  }
  if (end) check_learned(e, *end);
}

void ElectionCompleteness::check_learned(const Event& e, Position last) {
  const ReplicaView& view = facts().replica(e.node);
  const Position missing = std::max(view.learned.frontier(), view.begin);
  if (missing > last) return;
  violated(e,
           fmt::format("elected with end {}, but the replica beside it has not learned position {} "
                       "(its begin is {})",
                       last.value,
                       missing.value,
                       view.begin.value));
}

void ElectionCompleteness::proposed(const Event& e) {
  const std::optional<Tenure>& tenure = tenures_[e.node.value];
  const Vote vote = Vote::of(e);
  if (!tenure || tenure->ballot != vote.ballot || !tenure->end) return;
  if (vote.position > *tenure->end) [[likely]]
    return;
  violated(e,
           fmt::format("the coordinator elected at ballot {} with end {} writes {} at position {}",
                       show(vote.ballot),
                       tenure->end->value,
                       show(vote.value),
                       vote.position.value));
}

}  // namespace holdfast::properties
