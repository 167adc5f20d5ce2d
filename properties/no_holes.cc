#include "properties/no_holes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace holdfast::properties {

NoHoles::NoHoles(const Bench& bench)
    : Judge(kNoHoles,
            {EventKind::kReadCalled,
             EventKind::kReadEntry,
             EventKind::kReadReturned,
             EventKind::kCatchupReturned,
             EventKind::kBarrierReturned,
             EventKind::kAwaitReturned},
            bench) {}

void NoHoles::on_event(const Event& e) {
  if (e.kind == EventKind::kReadCalled) {
    called(e);
  } else if (e.kind == EventKind::kReadEntry) {
    entry(e);
  } else if (e.kind == EventKind::kReadReturned) {
    returned(e);
  } else {
    promised(e);
  }
}

void NoHoles::promised(const Event& e) {
  const OpResult result = OpResult::of(e);
  if (result.outcome != Outcome::kOk || result.position.value == kNoPosition) return;
  const ReplicaView& view = facts().replica(e.node);
  if (result.position < view.begin) return;
  if (view.learned.contains_all(view.begin, result.position)) return;
  violated(
      e,
      fmt::format("operation {} said that all up to position {} can be read, but the replica's "
                  "first unlearned position is {}",
                  result.op,
                  result.position.value,
                  view.learned.frontier().value));
}

void NoHoles::on_crash(NodeId node) {
  std::erase_if(reads_, [&](const Read& read) { return read.node == node; });
}

void NoHoles::called(const Event& e) {
  Position begin = facts().replica(e.node).begin;
  begin = std::max(begin, facts().chosen().forgotten());
  reads_.push_back({.op = e.word(0),
                    .node = e.node,
                    .range = {{e.word(1)}, {e.word(2)}},
                    .begin = begin,
                    .entries = {}});
}

void NoHoles::entry(const Event& e) {
  const auto it = std::find_if(
      reads_.begin(), reads_.end(), [&](const Read& read) { return read.op == e.word(0); });
  if (it == reads_.end()) {
    violated(e, fmt::format("an entry for read {}, which is not under way", e.word(0)));
    return;
  }
  it->entries.push_back({.position = {e.word(1)}, .digest = e.word(2)});
}

void NoHoles::returned(const Event& e) {
  const auto it = std::find_if(
      reads_.begin(), reads_.end(), [&](const Read& read) { return read.op == e.word(0); });
  if (it == reads_.end()) return;
  const Read read = std::move(*it);
  reads_.erase(it);
  if (static_cast<Outcome>(e.word(1)) != Outcome::kOk) return;
  const Interval range{{e.word(2)}, {e.word(3)}};
  if (range != read.range || range.last < range.first) {
    violated(e,
             fmt::format("read {} of [{}, {}] succeeded with [{}, {}]",
                         read.op,
                         read.range.first.value,
                         read.range.last.value,
                         range.first.value,
                         range.last.value));
    return;
  }
  check(e, read);
}

void NoHoles::check(const Event& e, const Read& read) {
  if (read.range.first < read.begin) {
    violated(
        e,
        fmt::format("read {} of [{}, {}] succeeded, but {} and below was truncated when it was "
                    "called",
                    read.op,
                    read.range.first.value,
                    read.range.last.value,
                    read.begin.value - 1));
    return;
  }
  check_replica(e, read);
  check_entries(e, read);
}

void NoHoles::check_replica(const Event& e, const Read& read) {
  const ReplicaView& view = facts().replica(e.node);
  const Position first = std::max(read.range.first, view.begin);
  if (first > read.range.last || view.learned.contains_all(first, read.range.last)) return;
  violated(e,
           fmt::format("read {} of [{}, {}] succeeded on a replica that has not learned all of it; "
                       "its first unlearned position is {}",
                       read.op,
                       read.range.first.value,
                       read.range.last.value,
                       view.learned.frontier().value));
}

void NoHoles::check_entries(const Event& e, const Read& read) {
  // The lowest position not yet accounted for.
  Position next = read.range.first;
  for (const Entry& entry : read.entries) {
    if (entry.position < next || entry.position > read.range.last) {
      violated(e,
               fmt::format("read {} of [{}, {}]: an entry at position {} out of order or range",
                           read.op,
                           read.range.first.value,
                           read.range.last.value,
                           entry.position.value));
      return;
    }
    if (next < entry.position) check_gap(e, read, {next, entry.position.previous()});
    check_entry(e, read, entry);
    next = entry.position.next();
  }
  if (next <= read.range.last) check_gap(e, read, {next, read.range.last});
}

void NoHoles::check_gap(const Event& e, const Read& read, Interval gap) {
  for (Position p = gap.first; p <= gap.last; p = p.next()) {
    const ChosenSlot* slot = facts().chosen().find(p);
    if (slot != nullptr && slot->decided) {
      if (!slot->named || slot->value.type() != ValueType::kAppend) continue;
      violated(e,
               fmt::format("read {} of [{}, {}] succeeded without position {}, where {} is chosen",
                           read.op,
                           read.range.first.value,
                           read.range.last.value,
                           p.value,
                           show(slot->value)));
    } else {
      violated(e,
               fmt::format("read {} of [{}, {}] succeeded, but nothing is chosen at position {}",
                           read.op,
                           read.range.first.value,
                           read.range.last.value,
                           p.value));
    }
    return;
  }
}

void NoHoles::check_entry(const Event& e, const Read& read, const Entry& entry) {
  const ChosenSlot* slot = facts().chosen().find(entry.position);
  if (slot != nullptr && slot->decided) {
    if (!slot->named) return;
    if (slot->value.type() == ValueType::kAppend && slot->value.digest == entry.digest) return;
  }
  const bool decided = slot != nullptr && slot->decided;
  violated(e,
           fmt::format("read {} returned {:016x} at position {}, where {} is chosen",
                       read.op,
                       entry.digest,
                       entry.position.value,
                       decided ? show(slot->value) : "nothing"));
}

}  // namespace holdfast::properties
