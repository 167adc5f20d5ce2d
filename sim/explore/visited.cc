#include "sim/explore/visited.h"

#include <algorithm>

#include "protocol/env/check.h"

namespace holdfast::explore {
namespace {

constexpr std::size_t kSmallest = 1024;

// The index is between 67 and 85 % full.
constexpr std::size_t kFullPercent = 85;
constexpr std::size_t kGrowthPercent = 127;

// So many slots before it is needed an entry is fetched.
constexpr std::size_t kAhead = 16;

}  // namespace

Visited::Visited() : index_(kSmallest, Slot{.number = kNone, .tag = 0}) {}

std::size_t Visited::find(const Fingerprint& fingerprint) const {
  const Entry wanted = entry_of(fingerprint, kNone, 0);
  const auto tag = static_cast<std::uint32_t>(fingerprint.low);
  std::size_t slot = slot_of(fingerprint.high);
  for (; index_[slot].number != kNone; slot = after(slot)) {
    if (index_[slot].tag != tag) continue;
    const Entry& found = entries_[index_[slot].number];
    if (found.high[0] == wanted.high[0] && found.high[1] == wanted.high[1] &&
        found.middle == wanted.middle) {
      break;
    }
  }
  return slot;
}

bool Visited::has(const Fingerprint& fingerprint) const {
  return index_[find(fingerprint)].number != kNone;
}

Visited::Added Visited::add(const Fingerprint& fingerprint, Number from, EventName event) {
  const std::size_t slot = find(fingerprint);
  if (index_[slot].number != kNone) return {.number = index_[slot].number, .fresh = false};
  HOLDFAST_REQUIRE(entries_.size() < kNone);
  const auto number = static_cast<Number>(entries_.size());
  entries_.push_back(entry_of(fingerprint, from, event));
  index_[slot] = {.number = number, .tag = static_cast<std::uint32_t>(fingerprint.low)};
  if (entries_.size() * 100 > index_.size() * kFullPercent) grow();
  return {.number = number, .fresh = true};
}

void Visited::reserve(std::uint64_t states) {
  HOLDFAST_REQUIRE(entries_.empty());
  const std::uint64_t slots = states * kGrowthPercent / kFullPercent;
  if (slots > index_.size()) index_.assign(slots, Slot{.number = kNone, .tag = 0});
}

Visited::Path Visited::path_to(Number number) const {
  HOLDFAST_REQUIRE(number < entries_.size(), number, entries_.size());
  Path path;
  for (; entries_[number].from != kNone; number = entries_[number].from)
    path.events.push_back(entries_[number].event);
  std::reverse(path.events.begin(), path.events.end());
  path.beginning = entries_[number].event;
  return path;
}

std::uint64_t Visited::bytes() const {
  return entries_.size() * sizeof(Entry) + index_.size() * sizeof(Slot);
}

Visited::Entry Visited::entry_of(const Fingerprint& fingerprint, Number from, EventName event) {
  static_assert(sizeof(Entry) == 20);
  return {.high = {static_cast<std::uint32_t>(fingerprint.high >> 32),
                   static_cast<std::uint32_t>(fingerprint.high)},
          .middle = static_cast<std::uint32_t>(fingerprint.low >> 32),
          .from = from,
          .event = event};
}

std::size_t Visited::slot_of(std::uint64_t high) const {
  return static_cast<std::size_t>((static_cast<unsigned __int128>(high) * index_.size()) >> 64);
}

std::size_t Visited::after(std::size_t slot) const {
  return slot + 1 < index_.size() ? slot + 1 : 0;
}

// The old index and the new one are gone through in order; the entries between them are anywhere.
void Visited::grow() {
  decltype(index_) smaller(index_.size() * kGrowthPercent / 100, Slot{.number = kNone, .tag = 0});
  smaller.swap(index_);
  for (std::size_t i = 0; i < smaller.size(); ++i) {
    if (const std::size_t soon = i + kAhead;
        soon < smaller.size() && smaller[soon].number != kNone) {
      __builtin_prefetch(&entries_[smaller[soon].number]);
    }
    if (smaller[i].number == kNone) continue;
    const Entry& entry = entries_[smaller[i].number];
    std::size_t slot = slot_of(std::uint64_t{entry.high[0]} << 32 | entry.high[1]);
    while (index_[slot].number != kNone)
      slot = after(slot);
    index_[slot] = smaller[i];
  }
}

}  // namespace holdfast::explore
