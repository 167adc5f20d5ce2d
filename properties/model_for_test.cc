#include "properties/model_for_test.h"

#include <algorithm>
#include <memory>
#include <string>

#include "protocol/env/hash.h"

namespace holdfast::properties {

void play(const Tape& tape, Panel& panel) {
  std::uint64_t seq = 0;
  for (const TapeItem& item : tape) {
    switch (item.what) {
      case TapeItem::What::kEvent:
        ++seq;
        panel.on_event({.seq = seq,
                        .time_ns = static_cast<std::int64_t>(seq) * 1000,
                        .node = {item.node},
                        .kind = item.kind,
                        .words = item.words,
                        .bytes = {}});
        break;
      case TapeItem::What::kBoot:
        panel.on_boot({item.node});
        break;
      case TapeItem::What::kCrash:
        panel.on_crash({item.node});
        break;
      case TapeItem::What::kWipe:
        panel.on_wipe({item.node});
        break;
    }
  }
  panel.finish();
}

std::uint64_t Model::Draw::below(std::uint64_t bound) {
  return mix(seed, ++counter) % bound;
}

Model::Model(std::size_t members, std::uint64_t start)
    : quorum_(members / 2 + 1),
      nodes_(members + 1),
      next_(start) {
  for (std::uint8_t id = 1; id <= members; ++id) {
    nodes_[id].begin = start;
    nodes_[id].up = true;
    tape_.push_back({.what = TapeItem::What::kBoot, .node = id});
    emit(id, EventKind::kRestored, {1, 0, start, kNoPosition, kNoPosition, 1u << 20, 0});
  }
}

Members Model::members() const {
  Members members{.ids = {}, .quorum = quorum_};
  for (std::size_t id = 1; id < nodes_.size(); ++id)
    members.ids.push_back({static_cast<std::uint8_t>(id)});
  return members;
}

void Model::emit(std::uint8_t node, EventKind kind, std::vector<std::uint64_t> words) {
  tape_.push_back({.node = node, .kind = kind, .words = std::move(words)});
}

void Model::emit_vote(
    std::uint8_t node, EventKind kind, std::uint64_t p, Ballot b, const Value& v) {
  emit(node, kind, {p, b.value, event_flags(v, false), v.digest()});
}

Model::Ids Model::up() const {
  Ids ids;
  for (std::size_t id = 1; id < nodes_.size(); ++id)
    if (nodes_[id].up) ids.push_back(static_cast<std::uint8_t>(id));
  return ids;
}

Model::Ids Model::some(std::uint8_t with, std::size_t count, Draw& draw) const {
  Ids rest = up();
  std::erase(rest, with);
  Ids chosen{with};
  while (!rest.empty() && (chosen.size() < count || draw.below(2) == 0)) {
    const auto i = static_cast<std::ptrdiff_t>(draw.below(rest.size()));
    chosen.push_back(rest[static_cast<std::size_t>(i)]);
    rest.erase(rest.begin() + i);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

Ballot Model::fresh(std::uint8_t node) {
  return Ballot::of(++round_, 0, {node});
}

void Model::step(std::uint64_t decision) {
  Draw draw{.seed = decision};
  const std::uint64_t what = draw.below(20);
  if (coordinator_ == 0 || what < 2) return elect(draw);
  if (what < 9) return append(draw);
  if (what < 10) return append_again(draw);
  if (what < 11) return barrier(draw);
  if (what < 12) return truncate(draw);
  if (what < 15) return read(draw);
  if (what < 16) return catch_up(draw);
  if (what < 17) return crash(draw);
  if (what < 19) return restart(draw);
  return wipe(draw);
}

void Model::accept(std::uint8_t id, std::uint64_t p, Ballot b, const Value& v) {
  Node& node = nodes_[id];
  if (p < node.begin || node.learned.contains(p)) return;
  Record& record = node.records[p];
  record.promised = std::max(record.promised, b);
  record.performed = b;
  record.value = v;
  emit_vote(id, EventKind::kAccepted, p, b, v);
}

void Model::learn(std::uint8_t id, std::uint64_t p, const Value& v) {
  Node& node = nodes_[id];
  if (p < node.begin) return;
  node.learned[p] = v;
  emit(id, EventKind::kLearned, {p, event_flags(v, true), v.digest(), v.to.value});
  if (v.type == ValueType::kTruncate) move_begin(id, v.to.value, p);
}

void Model::move_begin(std::uint8_t id, std::uint64_t begin, std::uint64_t at) {
  Node& node = nodes_[id];
  if (begin <= node.begin) return;
  node.begin = begin;
  node.begin_at = at;
  node.records.erase(node.records.begin(), node.records.lower_bound(begin));
  node.learned.erase(node.learned.begin(), node.learned.lower_bound(begin));
  // The TRUNCATE that moved begin is synced before begin is shown.
  if (const auto it = node.learned.find(at); it != node.learned.end()) {
    Record& record = node.records[at];
    record.value = it->second;
    record.learned_on_disk = true;
  }
  emit(id, EventKind::kBegin, {begin, at});
}

// Some member says TRUNCATED: one tombstone carries its begin.
void Model::adopt_begin(std::uint8_t id, const Ids& from) {
  const auto furthest = std::max_element(
      from.begin(), from.end(), [&](auto a, auto b) { return nodes_[a].begin < nodes_[b].begin; });
  const Node& other = nodes_[*furthest];
  if (other.begin <= nodes_[id].begin) return;
  const Value tombstone = Value::tombstone_for({other.begin_at});
  emit(id,
       EventKind::kLearned,
       {other.begin - 1, event_flags(tombstone, true), tombstone.digest(), 0});
  move_begin(id, other.begin, other.begin_at);
}

std::uint64_t Model::frontier(std::uint8_t id) const {
  std::uint64_t p = nodes_[id].begin;
  while (nodes_[id].learned.contains(p))
    ++p;
  return p;
}

void Model::append(Draw& draw) {
  const std::uint8_t id = coordinator_;
  const std::uint64_t op = ++op_;
  const Value value =
      Value::append(std::make_shared<const std::string>("entry " + std::to_string(op)),
                    {.client = id, .sequence = op});
  emit(id, EventKind::kAppendCalled, {op, value.digest(), id, op});
  const bool lost = draw.below(6) == 0 || up().size() < quorum_;
  const std::uint64_t p = next_++;
  emit_vote(id, EventKind::kProposed, p, ballot_, value);
  Ids voters = some(id, quorum_, draw);
  if (lost) voters.resize(std::min<std::size_t>(voters.size(), draw.below(quorum_)));
  for (const std::uint8_t voter : voters)
    accept(voter, p, ballot_, value);
  if (lost) {
    emit(id, EventKind::kAppendReturned, {op, 2, kNoPosition});
    emit(id, EventKind::kSteppedDown, {ballot_.value, 1});
    return depose();
  }
  emit_vote(id, EventKind::kChosen, p, ballot_, value);
  for (const std::uint8_t learner : some(id, 1, draw))
    learn(learner, p, value);
  emit(id, EventKind::kAppendReturned, {op, 0, p});
  acknowledged_[p] = value;
}

// The coordinator has learned all that it acknowledged, and so has the key.
void Model::append_again(Draw& draw) {
  const std::uint8_t id = coordinator_;
  acknowledged_.erase(acknowledged_.begin(), acknowledged_.lower_bound(nodes_[id].begin));
  if (acknowledged_.empty()) return append(draw);
  const auto it = std::next(acknowledged_.begin(),
                            static_cast<std::ptrdiff_t>(draw.below(acknowledged_.size())));
  const auto& [p, value] = *it;
  const std::uint64_t op = ++op_;
  emit(id, EventKind::kAppendCalled, {op, value.digest(), value.key.client, value.key.sequence});
  emit(id, EventKind::kAppendReturned, {op, 0, p});
}

// Everything below next_ is chosen, and learned by the coordinator.
void Model::barrier(Draw& draw) {
  const Ids ids = up();
  if (ids.size() < quorum_ || next_ == 0) return;
  const std::uint8_t id = ids[draw.below(ids.size())];
  const std::uint64_t op = ++op_;
  emit(id, EventKind::kBarrierCalled, {op});
  learn_from(id, coordinator_);
  emit(id, EventKind::kBarrierReturned, {op, 0, next_ - 1});
}

void Model::truncate(Draw& draw) {
  const std::uint8_t id = coordinator_;
  if (up().size() < quorum_ || next_ == nodes_[id].begin) return;
  const std::uint64_t to = nodes_[id].begin + draw.below(next_ - nodes_[id].begin + 1);
  const Value value = Value::truncate({to});
  const std::uint64_t op = ++op_;
  emit(id, EventKind::kTruncateCalled, {op, to});
  const std::uint64_t p = next_++;
  emit_vote(id, EventKind::kProposed, p, ballot_, value);
  for (const std::uint8_t voter : some(id, quorum_, draw))
    accept(voter, p, ballot_, value);
  emit_vote(id, EventKind::kChosen, p, ballot_, value);
  for (const std::uint8_t learner : some(id, 1, draw))
    learn(learner, p, value);
  emit(id, EventKind::kTruncateReturned, {op, 0, p});
}

void Model::elect(Draw& draw) {
  const Ids ids = up();
  if (ids.size() < quorum_) return restart(draw);
  depose();
  const std::uint8_t id = ids[draw.below(ids.size())];
  const std::uint64_t op = ++op_;
  const Ballot b = fresh(id);
  emit(id, EventKind::kElectCalled, {op});
  emit(id, EventKind::kElecting, {b.value});
  const Ids quorum = some(id, quorum_, draw);
  std::uint64_t next = nodes_[id].begin;
  for (const std::uint8_t voter : quorum) {
    nodes_[voter].promised = b;
    emit(voter, EventKind::kPromised, {kNoPosition, b.value});
    next = std::max(next, nodes_[voter].begin);
    if (!nodes_[voter].records.empty())
      next = std::max(next, nodes_[voter].records.rbegin()->first + 1);
    if (!nodes_[voter].learned.empty())
      next = std::max(next, nodes_[voter].learned.rbegin()->first + 1);
  }
  adopt_begin(id, quorum);
  for (std::uint64_t p = nodes_[id].begin; p < next; ++p)
    if (p >= nodes_[id].begin && !nodes_[id].learned.contains(p)) fill(id, p, quorum);
  emit(id, EventKind::kElected, {b.value, next == 0 ? kNoPosition : next - 1});
  emit(id, EventKind::kElectReturned, {op, 0, next == 0 ? kNoPosition : next - 1});
  coordinator_ = id;
  ballot_ = b;
  next_ = next;
}

void Model::fill(std::uint8_t id, std::uint64_t p, const Ids& quorum) {
  for (const std::uint8_t voter : quorum) {
    const auto it = nodes_[voter].learned.find(p);
    if (it != nodes_[voter].learned.end()) return learn(id, p, it->second);
  }
  const Ballot b = fresh(id);
  Ballot best;
  Value value = Value::nop();
  for (const std::uint8_t voter : quorum) {
    if (p < nodes_[voter].begin) continue;
    Record& record = nodes_[voter].records[p];
    record.promised = b;
    emit(voter, EventKind::kPromised, {p, b.value});
    if (!record.value || record.performed < best) continue;
    best = record.performed;
    value = *record.value;
  }
  emit_vote(id, EventKind::kProposed, p, b, value);
  for (const std::uint8_t voter : quorum)
    accept(voter, p, b, value);
  emit_vote(id, EventKind::kChosen, p, b, value);
  for (const std::uint8_t voter : quorum)
    learn(voter, p, value);
}

void Model::read(Draw& draw) {
  const Ids ids = up();
  const std::uint8_t id = ids[draw.below(ids.size())];
  const std::uint64_t begin = nodes_[id].begin;
  const std::uint64_t end = frontier(id);
  if (begin == end) return;
  const std::uint64_t from = begin + draw.below(end - begin);
  const std::uint64_t to = from + draw.below(end - from);
  const std::uint64_t op = ++op_;
  emit(id, EventKind::kReadCalled, {op, from, to});
  for (std::uint64_t p = from; p <= to; ++p) {
    const Value& value = nodes_[id].learned.at(p);
    if (value.type == ValueType::kAppend) emit(id, EventKind::kReadEntry, {op, p, value.digest()});
  }
  emit(id, EventKind::kReadReturned, {op, 0, from, to});
}

void Model::catch_up(Draw& draw) {
  const Ids ids = up();
  const std::uint8_t id = ids[draw.below(ids.size())];
  learn_from(id, ids[draw.below(ids.size())]);
}

void Model::learn_from(std::uint8_t id, std::uint8_t other) {
  adopt_begin(id, {other});
  const auto learned = nodes_[other].learned;
  for (const auto& [p, value] : learned)
    if (!nodes_[id].learned.contains(p)) learn(id, p, value);
}

void Model::crash(Draw& draw) {
  const Ids ids = up();
  const std::uint8_t id = ids[draw.below(ids.size())];
  Node& node = nodes_[id];
  // Of the marks in memory some had joined a synced batch.
  for (const auto& [p, value] : node.learned) {
    if (draw.below(2) == 0) continue;
    node.records[p].value = value;
    node.records[p].learned_on_disk = true;
  }
  node.learned.clear();
  node.up = false;
  if (coordinator_ == id) depose();
  tape_.push_back({.what = TapeItem::What::kCrash, .node = id});
}

void Model::restart(Draw& draw) {
  Ids down;
  for (std::size_t id = 1; id < nodes_.size(); ++id)
    if (!nodes_[id].up && !nodes_[id].wiped) down.push_back(static_cast<std::uint8_t>(id));
  if (down.empty()) return;
  const std::uint8_t id = down[draw.below(down.size())];
  Node& node = nodes_[id];
  node.up = true;
  tape_.push_back({.what = TapeItem::What::kBoot, .node = id});
  emit(id,
       EventKind::kRestored,
       {1, node.promised.value, node.begin, node.begin_at, kNoPosition, 1u << 20, 0});
  for (const auto& [p, record] : node.records) {
    if (!record.learned_on_disk) continue;
    node.learned[p] = *record.value;
    emit(id, EventKind::kRestoredLearned, {p, p});
  }
  for (const auto& [p, record] : node.records) {
    if (record.learned_on_disk) continue;
    emit(id,
         EventKind::kRestoredAction,
         {p,
          record.promised.value,
          record.performed.value,
          record.value ? event_flags(*record.value, false) : 0,
          record.value ? record.value->digest() : 0});
  }
}

void Model::wipe(Draw& draw) {
  const std::size_t members = nodes_.size() - 1;
  if (wipes_ + quorum_ >= members) return crash(draw);
  const std::uint8_t id = static_cast<std::uint8_t>(1 + draw.below(members));
  if (nodes_[id].wiped) return;
  ++wipes_;
  if (coordinator_ == id) depose();
  nodes_[id] = Node{.wiped = true};
  tape_.push_back({.what = TapeItem::What::kCrash, .node = id});
  tape_.push_back({.what = TapeItem::What::kWipe, .node = id});
}

}  // namespace holdfast::properties
