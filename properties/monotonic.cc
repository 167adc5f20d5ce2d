#include "properties/monotonic.h"

#include <algorithm>

#include <fmt/format.h>

namespace holdfast::properties {
namespace {

Incarnations::Entry known_of(const Event& e) {
  return {.member = {static_cast<std::uint8_t>(e.word(0))},
          .registered = {static_cast<std::uint16_t>(e.word(1))},
          .voted = {static_cast<std::uint16_t>(e.word(2))}};
}

}  // namespace

Monotonic::Monotonic(const Bench& bench)
    : Judge(kMonotonic,
            {EventKind::kRestored,
             EventKind::kRestoredLearned,
             EventKind::kRestoredAction,
             EventKind::kPromised,
             EventKind::kAccepted,
             EventKind::kBegin,
             EventKind::kStatus,
             EventKind::kKnown,
             EventKind::kVouched,
             EventKind::kElecting,
             EventKind::kElected,
             EventKind::kProposed},
            bench) {}

Monotonic::NodeDisk& Monotonic::disk(NodeId node) {
  auto& d = disks_[node.value];
  if (!d) d = std::make_unique<NodeDisk>();
  return *d;
}

void Monotonic::on_event(const Event& e) {
  NodeDisk& d = disk(e.node);
  if (e.kind == EventKind::kAccepted) {
    if (d.restoring) opened(e.node, d);
    accepted(e, d);
  } else if (e.kind == EventKind::kRestored) {
    restored(e, d);
  } else if (e.kind == EventKind::kRestoredLearned) {
    d.found_learned.add({e.word(0)}, {e.word(1)});
  } else if (e.kind == EventKind::kKnown && d.restoring) {
    d.found_known.raise(known_of(e));
  } else if (e.kind == EventKind::kRestoredAction) {
    restored_action(e, d);
  } else {
    if (d.restoring) opened(e.node, d);
    live(e, d);
  }
}

void Monotonic::live(const Event& e, NodeDisk& d) {
  if (e.kind == EventKind::kPromised) {
    promised(e, d);
  } else if (e.kind == EventKind::kVouched) {
    d.vouched.raise(known_of(e));
  } else if (e.kind == EventKind::kStatus) {
    d.voted = static_cast<Status>(e.word(0)) == Status::kVoting;
  } else if (e.kind == EventKind::kBegin) {
    d.records.drop_below({e.word(0)});
    d.begin = std::max(d.begin, Position{e.word(0)});
  } else if (e.kind == EventKind::kProposed) {
    proposed(e, d);
  } else if (e.kind != EventKind::kKnown) {
    electing(e, d);
  }
}

void Monotonic::on_crash(NodeId node) {
  if (disks_[node.value] && disks_[node.value]->restoring) opened(node, *disks_[node.value]);
}

void Monotonic::on_wipe(NodeId node) {
  disks_[node.value].reset();
}

void Monotonic::forget_below(Position p) {
  proposals_.drop_below(p);
}

void Monotonic::finish() {
  for (std::size_t id = 0; id < disks_.size(); ++id) {
    const NodeId node{static_cast<std::uint8_t>(id)};
    if (disks_[id] && disks_[id]->restoring) opened(node, *disks_[id]);
  }
}

void Monotonic::restored(const Event& e, NodeDisk& d) {
  if (d.restoring) opened(e.node, d);
  const Restoration found = Restoration::of(e);
  d.restoring = true;
  ++d.starts;
  d.begin = found.begin;
  d.found_learned = IntervalSet();
  d.found_known = Incarnations();
  if (found.promised < d.promised) {
    violated(e,
             fmt::format("the directory holds the promise {}, but {} was said",
                         show(found.promised),
                         show(d.promised)));
  }
  if (found.rounds < d.round) {
    violated(e,
             fmt::format("the directory reserves rounds up to {}, but round {} was used",
                         found.rounds,
                         d.round));
  }
  if (d.voted && found.status != Status::kVoting) {
    violated(e,
             fmt::format("the directory's status is {}, but the node has voted",
                         static_cast<unsigned>(found.status)));
  }
  d.promised = std::max(d.promised, found.promised);
}

void Monotonic::restored_action(const Event& e, NodeDisk& d) {
  const Position p{e.word(0)};
  const Ballot promised{e.word(1)};
  const Ballot performed{e.word(2)};
  const std::uint64_t digest = e.word(4);
  Record& record = d.records.at(p);
  record.seen = d.starts;
  if (promised < record.promised || performed < record.performed) {
    violated(e,
             fmt::format("position {}: the directory holds promise {} and vote {}, but {} and {} "
                         "were said",
                         p.value,
                         show(promised),
                         show(performed),
                         show(record.promised),
                         show(record.performed)));
  } else if (performed == record.performed && performed.value != 0 && digest != record.digest) {
    violated(
        e,
        fmt::format("position {}: the directory holds {:016x} at ballot {}, but ACCEPT was said "
                    "to {:016x}",
                    p.value,
                    digest,
                    show(performed),
                    record.digest));
  }
  record.promised = std::max({record.promised, promised, performed});
  if (performed >= record.performed) {
    record.performed = performed;
    record.digest = digest;
  }
}

void Monotonic::opened(NodeId node, NodeDisk& d) {
  d.restoring = false;
  check_records(node, d);
  check_learned(node, d);
  check_vouched(node, d);
  d.learned = std::move(d.found_learned);
  d.found_learned = IntervalSet();
  d.records.drop_below(d.begin);
}

void Monotonic::check_records(NodeId node, NodeDisk& d) {
  d.records.for_each([&](Position p, Record& record) {
    if (record.empty() || p < d.begin || record.seen == d.starts) return;
    if (d.found_learned.contains(p)) return;
    violated(
        node,
        fmt::format("position {}: the directory has no record, but promise {} and vote {} were "
                    "said",
                    p.value,
                    show(record.promised),
                    show(record.performed)));
  });
}

void Monotonic::check_learned(NodeId node, const NodeDisk& d) {
  for (const Interval& before : d.learned.list()) {
    if (before.last < d.begin) continue;
    const auto gaps = d.found_learned.absent(std::max(before.first, d.begin), before.last, 1);
    if (gaps.empty()) continue;
    violated(node,
             fmt::format("position {}: the directory does not say learned, but did at an earlier "
                         "start",
                         gaps.front().first.value));
    return;
  }
}

void Monotonic::check_vouched(NodeId node, const NodeDisk& d) {
  const auto check = [&](NodeId member, Incarnation found, Incarnation said, const char* what) {
    if (found >= said) return;
    violated(node,
             fmt::format("the directory knows that incarnation {} of member {} {}, but {} was said",
                         found.value,
                         member.value,
                         what,
                         said.value));
  };
  for (const auto& [member, registered, voted] : d.vouched.list()) {
    check(member, d.found_known.of(member), registered, "is registered");
    check(member, d.found_known.voted(member), voted, "was about to vote");
  }
}

void Monotonic::promised(const Event& e, NodeDisk& d) {
  d.voted = true;
  const Ballot ballot{e.word(1)};
  if (e.word(0) != kNoPosition) return promised_position(e, d, {e.word(0)}, ballot);
  if (ballot < d.promised) {
    violated(e, fmt::format("promise {} is said after promise {}", show(ballot), show(d.promised)));
    return;
  }
  d.promised = ballot;
  d.promised_ns = e.time_ns;
}

void Monotonic::promised_position(const Event& e, NodeDisk& d, Position p, Ballot ballot) {
  // A learned position is final: its answer promises nothing and is stored nowhere.
  if (facts().replica(e.node).truncated_or_learned(p)) return;
  Record& record = d.records.at(p);
  if (ballot < record.promised) {
    violated(e,
             fmt::format("position {}: promise {} is said after promise {}",
                         p.value,
                         show(ballot),
                         show(record.promised)));
    return;
  }
  // Without a record the implicit promise holds.  Within one step the order of sayings is free.
  if (record.empty() && ballot < d.promised && d.promised_ns < e.time_ns) {
    violated(e,
             fmt::format("position {}: promise {} is said, below the implicit promise {}",
                         p.value,
                         show(ballot),
                         show(d.promised)));
  }
  record.promised = ballot;
  record.promised_ns = e.time_ns;
}

void Monotonic::accepted(const Event& e, NodeDisk& d) {
  d.voted = true;
  const Vote vote = Vote::of(e);
  // A resend for a final position is answered from memory.
  if (facts().replica(e.node).truncated_or_learned(vote.position)) return;
  Record& record = d.records.at(vote.position);
  const Ballot promised = record.empty() ? d.promised : record.promised;
  const std::int64_t promised_ns = record.empty() ? d.promised_ns : record.promised_ns;
  if (vote.ballot < promised && promised_ns < e.time_ns) {
    violated(e,
             fmt::format("position {}: ACCEPT is said to {} at ballot {}, below the promise {}",
                         vote.position.value,
                         show(vote.value),
                         show(vote.ballot),
                         show(promised)));
  }
  if (vote.ballot == record.performed && vote.value.digest != record.digest) {
    violated(e,
             fmt::format("position {}: ACCEPT is said to {} and {:016x} at ballot {}",
                         vote.position.value,
                         show(vote.value),
                         record.digest,
                         show(vote.ballot)));
  }
  if (vote.ballot > record.promised) {
    record.promised = vote.ballot;
    record.promised_ns = e.time_ns;
  }
  if (vote.ballot >= record.performed) {
    record.performed = vote.ballot;
    record.digest = vote.value.digest;
  }
}

void Monotonic::proposed(const Event& e, NodeDisk& d) {
  const Vote vote = Vote::of(e);
  d.round = std::max(d.round, vote.ballot.round());
  Proposals& proposals = proposals_.at(vote.position);
  if (proposals.first.ballot.value == 0) {
    proposals.first = {.ballot = vote.ballot, .digest = vote.value.digest, .by = e.node};
    return;
  }
  compare(e, proposals.first, vote);
  for (const Proposal& before : proposals.more)
    compare(e, before, vote);
  proposals.more.push_back({.ballot = vote.ballot, .digest = vote.value.digest, .by = e.node});
}

void Monotonic::compare(const Event& e, const Proposal& before, const Vote& vote) {
  if (before.ballot != vote.ballot) return;
  if (before.digest == vote.value.digest && before.by == e.node) return;
  violated(e,
           fmt::format("position {}: {} is proposed at ballot {}, under which node {} proposed "
                       "{:016x}",
                       vote.position.value,
                       show(vote.value),
                       show(vote.ballot),
                       before.by.value,
                       before.digest));
}

void Monotonic::electing(const Event& e, NodeDisk& d) {
  const Ballot ballot{e.word(0)};
  if (e.kind == EventKind::kElected) {
    d.round = std::max(d.round, ballot.round());
    return;
  }
  if (const NodeId* before = elections_.find(ballot.value)) {
    violated(e,
             fmt::format("elect() uses ballot {}, which an election of node {} has used",
                         show(ballot),
                         before->value));
  }
  elections_.at(ballot.value) = e.node;
}

}  // namespace holdfast::properties
