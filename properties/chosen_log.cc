#include "properties/chosen_log.h"

#include <algorithm>

namespace holdfast::properties {

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

std::optional<Decision> ChosenLog::vote(const Vote& vote, std::size_t member) {
  ChosenSlot& slot = slots_.at(vote.position);
  Tally& t = tally(slot, vote);
  const bool before = is_quorum(t.voters);
  t.voters |= std::uint64_t{1} << member;
  if (before || !is_quorum(t.voters)) return std::nullopt;
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
  const auto won = [&](const Tally& t) { return t.value.digest == digest && is_quorum(t.voters); };
  return won(slot->first) || std::any_of(slot->more.begin(), slot->more.end(), won);
}

std::uint64_t ChosenLog::voters(Position p, Ballot ballot, std::uint64_t digest) const {
  const ChosenSlot* slot = find(p);
  if (slot == nullptr) return 0;
  const auto matches = [&](const Tally& t) {
    return t.ballot == ballot && t.value.digest == digest;
  };
  if (matches(slot->first)) return slot->first.voters;
  const auto it = std::find_if(slot->more.begin(), slot->more.end(), matches);
  return it == slot->more.end() ? 0 : it->voters;
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
