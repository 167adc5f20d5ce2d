#include "properties/facts.h"

#include <algorithm>
#include <utility>

#include "protocol/action.h"

namespace holdfast::properties {

Facts::Facts(Members members) : members_(std::move(members)), chosen_(members_.quorum) {
  const auto& ids = members_.ids;
  HOLDFAST_REQUIRE(!ids.empty() && ids.size() < 64, ids.size());
  HOLDFAST_REQUIRE(members_.quorum <= ids.size(), members_.quorum, ids.size());
  index_.fill(kStranger);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    HOLDFAST_REQUIRE(i == 0 || ids[i - 1] < ids[i], ids[i]);
    index_[ids[i].value] = static_cast<std::uint8_t>(i);
  }
}

std::optional<std::size_t> Facts::member(NodeId node) const {
  const std::uint8_t index = index_[node.value];
  if (index == kStranger) return std::nullopt;
  return index;
}

void Facts::on_boot(NodeId node) {
  views_[node.value].boot();
}

void Facts::on_crash(NodeId node) {
  views_[node.value].crash();
  std::erase_if(reads_, [&](const OpenRead& read) { return read.node == node; });
}

void Facts::on_wipe(NodeId node) {
  on_crash(node);
  views_[node.value].wipe();
}

std::optional<Decision> Facts::apply(const Event& e) {
  seq_ = e.seq;
  time_ns_ = e.time_ns;
  ReplicaView& view = views_[e.node.value];
  view.last_kind = e.kind;
  view.last_seq = e.seq;
  view.last_time_ns = e.time_ns;
  switch (e.kind) {
    case EventKind::kBooted:
    case EventKind::kStopped:
    case EventKind::kRefused:
    case EventKind::kCanvassing:
    case EventKind::kCanvassed:
    case EventKind::kHandedOver:
    case EventKind::kProposed:
    case EventKind::kChosen:
    case EventKind::kReadEntry:
    case EventKind::kReadRefused:
    case EventKind::kVouched:
    case EventKind::kRegistered:
      return std::nullopt;
    case EventKind::kStatus:
    case EventKind::kKnown:
      apply_life(e, view);
      return std::nullopt;
    case EventKind::kRestored:
    case EventKind::kRestoredLearned:
    case EventKind::kRestoredAction:
    case EventKind::kPromised:
    case EventKind::kAccepted:
    case EventKind::kLearned:
    case EventKind::kBegin:
      return apply_replica(e, view);
    case EventKind::kElecting:
    case EventKind::kElected:
    case EventKind::kElectionLost:
    case EventKind::kSteppedDown:
    case EventKind::kCatchingUp:
    case EventKind::kCaughtUp:
      apply_proposer(e, view);
      return std::nullopt;
    case EventKind::kTruncateCalled:
      truncates_.at(Value::truncate({e.word(1)}).digest()) = {e.word(1)};
      view.opened(e.word(0), e);
      return std::nullopt;
    case EventKind::kReadCalled:
      reads_.push_back({.op = e.word(0), .node = e.node, .from = {e.word(1)}});
      view.opened(e.word(0), e);
      return std::nullopt;
    case EventKind::kAppendCalled:
    case EventKind::kElectCalled:
    case EventKind::kCatchupCalled:
    case EventKind::kBarrierCalled:
    case EventKind::kAwaitCalled:
      view.opened(e.word(0), e);
      return std::nullopt;
    case EventKind::kReadReturned:
      std::erase_if(reads_, [&](const OpenRead& read) { return read.op == e.word(0); });
      view.closed(e.word(0));
      return std::nullopt;
    case EventKind::kAppendReturned:
    case EventKind::kTruncateReturned:
    case EventKind::kElectReturned:
    case EventKind::kCatchupReturned:
    case EventKind::kBarrierReturned:
    case EventKind::kAwaitReturned:
      view.closed(e.word(0));
      return std::nullopt;
  }
  HOLDFAST_UNREACHABLE("event kind");
}

std::optional<Decision> Facts::apply_replica(const Event& e, ReplicaView& view) {
  if (e.kind == EventKind::kAccepted) {
    view.status = Status::kVoting;
    return apply_vote(Vote::of(e), e.node);
  }
  if (e.kind == EventKind::kLearned) {
    apply_learned(Learning::of(e), view);
  } else if (e.kind == EventKind::kPromised) {
    view.status = Status::kVoting;
  } else if (e.kind == EventKind::kBegin) {
    view.begin_moved({e.word(0)});
  } else {
    apply_restored(e, view);
  }
  return std::nullopt;
}

void Facts::apply_life(const Event& e, ReplicaView& view) {
  if (e.kind == EventKind::kStatus) {
    view.status = static_cast<Status>(e.word(0));
    view.incarnation = {static_cast<std::uint16_t>(e.word(1))};
    return;
  }
  const auto index = member({static_cast<std::uint8_t>(e.word(0))});
  if (!index) return;
  // A copy, because votes hold the one of their time.
  auto known = view.known ? std::make_shared<std::vector<Incarnation>>(*view.known)
                          : std::make_shared<std::vector<Incarnation>>(members_.ids.size());
  (*known)[*index] = std::max((*known)[*index], Incarnation{static_cast<std::uint16_t>(e.word(1))});
  view.known = std::move(known);
}

Voter Facts::voter_of(const ReplicaView& view, std::size_t index) const {
  return {.index = index,
          .incarnation = view.incarnation,
          .known = view.known,
          .disks_lost = view.disks_lost};
}

std::optional<Decision> Facts::apply_vote(const Vote& vote, NodeId node) {
  const std::uint8_t index = index_[node.value];
  if (index == kStranger || vote.position < chosen_.forgotten()) return std::nullopt;
  auto decision = chosen_.vote(vote, voter_of(views_[node.value], index));
  if (decision && vote.value.type() == ValueType::kTruncate) {
    if (const Position* to = truncates_.find(vote.value.digest)) chosen_.truncated_to(*to);
  }
  return decision;
}

void Facts::apply_learned(const Learning& learning, ReplicaView& view) {
  view.learned.add(learning.position);
  if (learning.position < chosen_.forgotten() || learning.value.tombstone()) return;
  const bool truncate = learning.value.type() == ValueType::kTruncate;
  if (truncate) truncates_.at(learning.value.digest) = learning.truncate_to;
  const ChosenSlot* slot = chosen_.find(learning.position);
  if (slot == nullptr || !slot->decided) return;
  if (slot->inherited && !slot->named) chosen_.name(learning.position, learning.value);
  if (truncate && chosen_.chosen(learning.position, learning.value.digest)) {
    chosen_.truncated_to(learning.truncate_to);
  }
}

void Facts::apply_restored(const Event& e, ReplicaView& view) {
  if (e.kind == EventKind::kRestored) {
    const Restoration restored = Restoration::of(e);
    ++view.restores;
    view.status = restored.status;
    // Also of a life that was killed before it could say that its number was on the disk.
    view.incarnation = restored.incarnation;
    if (inherits(view)) chosen_.inherit_begin(restored.begin);
    view.begin_moved(restored.begin);
  } else if (e.kind == EventKind::kRestoredLearned) {
    const Interval interval{{e.word(0)}, {e.word(1)}};
    HOLDFAST_REQUIRE(interval.first <= interval.last, interval.first, interval.last);
    view.learned.add(interval.first, interval.last);
    if (!inherits(view)) return;
    for (Position p = interval.first; p <= interval.last; p = p.next())
      chosen_.inherit(p);
  } else {
    apply_restored_action(e, view);
  }
}

// A record found in a directory that existed before the run counts as a vote said then.
void Facts::apply_restored_action(const Event& e, const ReplicaView& view) {
  const Ballot performed{e.word(2)};
  if (!inherits(view) || performed.value == 0) return;
  const auto index = member(e.node);
  if (!index) return;
  chosen_.vote({.position = {e.word(0)},
                .ballot = performed,
                .value = {.flags = e.word(3), .digest = e.word(4)}},
               voter_of(view, *index));
}

void Facts::apply_proposer(const Event& e, ReplicaView& view) {
  if (e.kind == EventKind::kElecting) {
    view.electing = Ballot{e.word(0)};
    view.elected.reset();
  } else if (e.kind == EventKind::kElected) {
    view.electing.reset();
    view.elected = Ballot{e.word(0)};
  } else if (e.kind == EventKind::kElectionLost) {
    view.electing.reset();
  } else if (e.kind == EventKind::kSteppedDown) {
    view.elected.reset();
  } else if (e.kind == EventKind::kCatchingUp) {
    view.catching_up = Interval{{e.word(0)}, {e.word(1)}};
  } else {
    view.catching_up.reset();
  }
}

std::optional<Position> Facts::truncate_target(std::uint64_t digest) const {
  const Position* to = truncates_.find(digest);
  if (to == nullptr) return std::nullopt;
  return *to;
}

Position Facts::needed_from() const {
  Position needed = Position::max();
  for (const NodeId id : members_.ids) {
    const ReplicaView& view = views_[id.value];
    // A lost disk begins at 0 again and would keep everything for ever.
    if (view.disks_lost > 0 && (view.begin.value == 0 || view.begin < chosen_.forgotten()))
      continue;
    needed = std::min(needed, view.begin);
  }
  for (const OpenRead& read : reads_)
    needed = std::min(needed, read.from);
  return std::max(std::min(needed, chosen_.truncated()), chosen_.forgotten());
}

}  // namespace holdfast::properties
