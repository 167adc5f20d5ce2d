#include "properties/chosen_log.h"

#include <algorithm>
#include <bit>

namespace holdfast::properties {
namespace {

// Whether `needed` of the voters from `from` on, all of other members than `taken`, agree with each
// other and with `taken`.  There are a handful.
bool agreeing(const std::vector<Voter>& voters,
              std::size_t from,
              std::size_t needed,
              std::vector<const Voter*>& taken) {
  if (needed == 0) return true;
  for (std::size_t i = from; i + needed <= voters.size(); ++i) {
    const Voter& next = voters[i];
    const bool fits = std::ranges::all_of(taken, [&](const Voter* other) {
      return other->index != next.index && other->agrees_with(next);
    });
    if (!fits) continue;
    taken.push_back(&next);
    if (agreeing(voters, i + 1, needed - 1, taken)) return true;
    taken.pop_back();
  }
  return false;
}

void add_life(std::vector<Voter>& lives, std::uint64_t first_lives, const Voter& voter) {
  if (lives.empty()) {
    if (voter.first_life()) return;
    // Those before were all of first lives.
    for (std::uint64_t rest = first_lives; rest != 0; rest &= rest - 1) {
      Voter before;
      before.index = static_cast<std::size_t>(std::countr_zero(rest));
      lives.push_back(before);
    }
  }
  // Said again: what was known when it was said first is less, and may have been counted.
  const bool again =
      std::ranges::any_of(lives, [&](const Voter& before) { return before.is_life_of(voter); });
  if (!again) lives.push_back(voter);
}

}  // namespace

void Tally::add(const Voter& voter) {
  add_life(lives, voters, voter);
  voters |= std::uint64_t{1} << voter.index;
}

bool Voter::agrees_with(const Voter& other) const {
  const auto outdated = [](const Voter& a, const Voter& b) {
    return a.known && (*a.known)[b.index] > b.incarnation;
  };
  return !outdated(*this, other) && !outdated(other, *this);
}

ChosenLog::ChosenLog(std::size_t quorum) : quorum_(quorum) {
  HOLDFAST_REQUIRE(quorum > 0);
}

bool ChosenLog::is_quorum(std::uint64_t voters) const {
  // Clears all but one of the votes needed; cheaper than a count where there is no instruction.
  for (std::size_t i = 1; i < quorum_; ++i)
    voters &= voters - 1;
  return voters != 0;
}

Tally& ChosenLog::tally(ChosenSlot& slot, const Vote& vote) {
  const auto matches = [&](const Tally& t) {
    return t.ballot == vote.ballot && t.value.digest == vote.value.digest;
  };
  if (slot.first.voters == 0) slot.first = {.ballot = vote.ballot, .value = vote.value};
  if (matches(slot.first)) return slot.first;
  const auto it = std::find_if(slot.more.begin(), slot.more.end(), matches);
  if (it != slot.more.end()) return *it;
  return slot.more.emplace_back(Tally{.ballot = vote.ballot, .value = vote.value});
}

bool ChosenLog::decides(const Tally& tally) const {
  if (tally.lives.empty()) return is_quorum(tally.voters);
  std::vector<const Voter*> taken;
  return agreeing(tally.lives, 0, quorum_, taken);
}

std::optional<Decision> ChosenLog::vote(const Vote& vote, const Voter& voter) {
  ChosenSlot& slot = slots_.at(vote.position);
  Tally& t = tally(slot, vote);
  const bool before = decides(t);
  t.add(voter);
  if (before || !decides(t)) return std::nullopt;
  if (slot.decided && slot.named && slot.value.digest == vote.value.digest) return std::nullopt;
  decide(slot, vote.value);
  advance();
  return Decision{vote.position, vote.ballot, vote.value};
}

void ChosenLog::decide(ChosenSlot& slot, ValueName value) {
  if (!slot.decided || !slot.named) {
    slot.value = value;
    slot.named = true;
  }
  slot.decided = true;
}

void ChosenLog::inherit(Position p) {
  ChosenSlot& slot = slots_.at(p);
  slot.decided = true;
  slot.inherited = true;
  advance();
}

void ChosenLog::inherit_begin(Position begin) {
  truncated_to(begin);
  frontier_ = std::max(frontier_, begin);
  advance();
}

void ChosenLog::name(Position p, ValueName value) {
  ChosenSlot& slot = slots_.at(p);
  if (slot.inherited && !slot.named) decide(slot, value);
}

void ChosenLog::truncated_to(Position to) {
  truncated_ = std::max(truncated_, to);
}

bool ChosenLog::decided(Position p) const {
  const ChosenSlot* slot = find(p);
  return slot != nullptr && slot->decided;
}

bool ChosenLog::chosen(Position p, std::uint64_t digest) const {
  const ChosenSlot* slot = find(p);
  if (slot == nullptr || !slot->decided) return false;
  if (!slot->named || slot->value.digest == digest) return true;
  const auto won = [&](const Tally& t) { return t.value.digest == digest && decides(t); };
  return won(slot->first) || std::any_of(slot->more.begin(), slot->more.end(), won);
}

const Tally* ChosenLog::votes(Position p, Ballot ballot, std::uint64_t digest) const {
  const ChosenSlot* slot = find(p);
  if (slot == nullptr) return nullptr;
  const auto matches = [&](const Tally& t) {
    return t.ballot == ballot && t.value.digest == digest;
  };
  if (matches(slot->first)) return &slot->first;
  const auto it = std::find_if(slot->more.begin(), slot->more.end(), matches);
  return it == slot->more.end() ? nullptr : &*it;
}

bool ChosenLog::touched(Position p) const {
  const ChosenSlot* slot = find(p);
  return slot != nullptr && (slot->inherited || slot->first.voters != 0);
}

void ChosenLog::advance() {
  while (decided(frontier_))
    frontier_ = frontier_.next();
}

void ChosenLog::forget_below(Position p) {
  if (p <= forgotten_) return;
  forgotten_ = p;
  slots_.drop_below(p);
  frontier_ = std::max(frontier_, p);
  advance();
}

}  // namespace holdfast::properties
