#pragma once

// Event streams for the tests of judges: a panel, and one call per event with typed operands.

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "properties/panel.h"

namespace holdfast::properties {

// The n-th append of a test's client.
inline Value entry(std::uint64_t n) {
  return Value::append(std::make_shared<const std::string>("entry " + std::to_string(n)),
                       {.client = 7, .sequence = n});
}

inline Ballot ballot(std::uint64_t round, std::uint8_t node = 1) {
  return Ballot::of(round, 0, NodeId{node});
}

struct Directory {
  struct Record {
    std::uint64_t position = 0;
    Ballot promised;
    Ballot performed;
    std::optional<Value> value;
  };

  Status status = Status::kVoting;
  Ballot promised;
  std::uint64_t begin = 0;
  std::uint64_t begin_at = kNoPosition;
  std::uint64_t rounds = 1000;
  Incarnation incarnation;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> learned;
  std::vector<Record> records;
};

class Story {
 public:
  explicit Story(std::vector<NodeId> ids = {{1}, {2}, {3}},
                 std::size_t quorum = 2,
                 Profile profile = Profile::kBudget,
                 std::uint64_t key_positions = 1 << 16)
      : panel_(std::make_unique<Panel>(
            Members{.ids = ids, .quorum = quorum, .key_positions = key_positions}, profile)),
        ids_(std::move(ids)) {}

  Panel& panel() { return *panel_; }

  // Every event takes a microsecond.
  void event(std::uint8_t node,
             EventKind kind,
             std::initializer_list<std::uint64_t> words,
             std::string_view bytes = {}) {
    ++seq_;
    panel_->on_event({.seq = seq_,
                      .time_ns = static_cast<std::int64_t>(frozen_ ? frozen_ : seq_) * 1000,
                      .node = {node},
                      .kind = kind,
                      .words = {words.begin(), words.size()},
                      .bytes = bytes});
  }

  // From here on time stands still: one step.
  void one_step() { frozen_ = seq_ + 1; }

  // Only what the test says is promised.  By default every member that is up promises a ballot when
  // it is first voted at.
  void promises_are_told() { promises_by_itself_ = false; }

  void boot(std::uint8_t n, const Directory& d = {}) {
    panel_->on_boot({n});
    if (d.status == Status::kVoting) up_.try_emplace(n);
    event(n, EventKind::kBooted, {seq_ + 77});
    event(n,
          EventKind::kRestored,
          {static_cast<std::uint64_t>(d.status),
           (d.promised == Ballot{} ? up_[n] : d.promised).value,
           d.begin,
           d.begin_at,
           kNoPosition,
           d.rounds,
           d.incarnation.value});
    for (const auto& [first, last] : d.learned)
      event(n, EventKind::kRestoredLearned, {first, last});
    for (const auto& r : d.records) {
      event(n,
            EventKind::kRestoredAction,
            {r.position,
             r.promised.value,
             r.performed.value,
             r.value ? event_flags(*r.value, false) : 0,
             r.value ? r.value->digest() : 0});
    }
  }

  void boot_all(const Directory& d = {}) {
    for (const NodeId id : ids_)
      boot(id.value, d);
  }

  void crash(std::uint8_t n) { panel_->on_crash({n}); }

  void wipe(std::uint8_t n) {
    panel_->on_wipe({n});
    up_.erase(n);
  }

  void promised(std::uint8_t n, Ballot b) {
    event(n, EventKind::kPromised, {kNoPosition, b.value});
  }

  void promised(std::uint8_t n, std::uint64_t p, Ballot b) {
    event(n, EventKind::kPromised, {p, b.value});
  }

  void accepted(std::uint8_t n, std::uint64_t p, Ballot b, const Value& v) {
    promise_everywhere(b);
    event(n, EventKind::kAccepted, {p, b.value, event_flags(v, false), v.digest()});
  }

  void proposed(std::uint8_t n, std::uint64_t p, Ballot b, const Value& v) {
    event(n, EventKind::kProposed, {p, b.value, event_flags(v, false), v.digest()});
  }

  void chosen(std::uint8_t n, std::uint64_t p, Ballot b, const Value& v) {
    event(n, EventKind::kChosen, {p, b.value, event_flags(v, false), v.digest()});
  }

  void learned(std::uint8_t n, std::uint64_t p, const Value& v) {
    event(n, EventKind::kLearned, {p, event_flags(v, true), v.digest(), v.to.value});
  }

  void begin(std::uint8_t n, std::uint64_t begin, std::uint64_t at = kNoPosition) {
    event(n, EventKind::kBegin, {begin, at});
  }

  void electing(std::uint8_t n, Ballot b) { event(n, EventKind::kElecting, {b.value}); }

  void elected(std::uint8_t n, Ballot b, std::uint64_t end) {
    event(n, EventKind::kElected, {b.value, end});
  }

  void append_called(std::uint8_t n, std::uint64_t op, const Value& v) {
    event(n, EventKind::kAppendCalled, {op, v.digest(), v.key.client, v.key.sequence});
  }

  void append_returned(std::uint8_t n, std::uint64_t op, Outcome o, std::uint64_t p = kNoPosition) {
    event(n, EventKind::kAppendReturned, {op, static_cast<std::uint64_t>(o), p});
  }

  void truncate_called(std::uint8_t n, std::uint64_t op, std::uint64_t to) {
    event(n, EventKind::kTruncateCalled, {op, to});
  }

  void truncate_ok(std::uint8_t n, std::uint64_t op, std::uint64_t p) {
    event(n, EventKind::kTruncateReturned, {op, 0, p});
  }

  // Voted for by the quorum 1, 2 and counted by node 1.
  void choose(std::uint64_t p, const Value& v, Ballot b = ballot(5)) {
    proposed(1, p, b, v);
    accepted(1, p, b, v);
    accepted(2, p, b, v);
    chosen(1, p, b, v);
  }

  void learn_all(std::uint64_t p, const Value& v) {
    for (const NodeId id : ids_)
      learned(id.value, p, v);
  }

  // Entry `n` lands at position `p`, at all members; the operation's id is `n`, too.
  void append(std::uint64_t n, std::uint64_t p) {
    append_called(1, n, entry(n));
    choose(p, entry(n));
    learn_all(p, entry(n));
    append_returned(1, n, Outcome::kOk, p);
  }

  // TRUNCATE to `to` lands at `p` and is applied by all members.
  void truncate(std::uint64_t op, std::uint64_t to, std::uint64_t p) {
    truncate_called(1, op, to);
    choose(p, Value::truncate({to}));
    learn_all(p, Value::truncate({to}));
    for (const NodeId id : ids_)
      begin(id.value, to, p);
    truncate_ok(1, op, p);
  }

  // {position, number of the entry}
  using Entries = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

  void read(std::uint8_t n,
            std::uint64_t op,
            Interval range,
            const Entries& entries,
            Outcome o = Outcome::kOk) {
    event(n, EventKind::kReadCalled, {op, range.first.value, range.last.value});
    for (const auto& [p, number] : entries)
      event(n, EventKind::kReadEntry, {op, p, entry(number).digest()});
    event(n,
          EventKind::kReadReturned,
          {op, static_cast<std::uint64_t>(o), range.first.value, range.last.value});
  }

  void finish() { panel_->finish(); }

  std::uint64_t count(std::string_view property) const { return panel_->verdict().count(property); }

  // The properties found violated.
  std::set<std::string> found() const {
    std::set<std::string> names;
    for (const Violation& violation : panel_->verdict().violations())
      names.insert(std::string(violation.property));
    return names;
  }

  // Everything found, for messages.
  std::string describe() const {
    std::string text;
    for (const Violation& violation : panel_->verdict().violations())
      text += violation.describe() + "\n";
    return text;
  }

 private:
  void promise_everywhere(Ballot b) {
    if (!promises_by_itself_) return;
    for (auto& [node, before] : up_) {
      if (b <= before) continue;
      before = b;
      promised(node, b);
    }
  }

  std::unique_ptr<Panel> panel_;
  std::vector<NodeId> ids_;
  bool promises_by_itself_ = true;
  // Members with a disk, and what they have promised by themselves.
  std::map<std::uint8_t, Ballot> up_;
  std::uint64_t seq_ = 0;
  std::uint64_t frozen_ = 0;
};

}  // namespace holdfast::properties

// No judge has anything to say.
#define EXPECT_CLEAN(run) EXPECT_TRUE((run).found().empty()) << (run).describe()
