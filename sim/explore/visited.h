#pragma once

// The states a search has met, numbered in the order in which it met them; for each the state that
// it was met from, and by which event.
//
// A state takes 20 bytes and its share of the index, 9.4 to 12 bytes: never more than 32, but
// while the index grows, when the old one is there as well.  A probe
// of the index compares 32 bits of the fingerprint on the spot, so that looking up a state touches
// one or two places in memory, whether it is there or not.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/explore/fingerprint.h"
#include "sim/explore/huge_pages.h"
#include "sim/explore/transitions.h"

namespace holdfast::explore {

class Visited {
 public:
  using Number = std::uint32_t;
  static constexpr Number kNone = ~Number{0};

  struct Added {
    Number number;
    bool fresh;
  };

  Visited();

  // The state with this fingerprint, entered if it is new: met from `from` (kNone: it begins there)
  // by `event`.  Requires: size() < kNone.
  Added add(const Fingerprint& fingerprint, Number from, EventName event);

  // The state will be asked for soon: its place in the index is fetched meanwhile.
  void prefetch(const Fingerprint& fingerprint) const {
    __builtin_prefetch(&index_[slot_of(fingerprint.high)]);
  }

  bool has(const Fingerprint& fingerprint) const;

  std::uint64_t size() const { return entries_.size(); }

  // Makes room for so many at once: entered in the order of for_each() they would fall into one
  // stretch of an index that grows.  Requires: it is empty.
  void reserve(std::uint64_t states);

  struct Path {
    // What add() was told of the state in which it begins.
    EventName beginning;
    std::vector<EventName> events;
  };

  // By which the state was met.  Requires: number < size().
  Path path_to(Number number) const;

  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : index_) {
      if (slot.number == kNone) continue;
      const Entry& entry = entries_[slot.number];
      visit(slot.number,
            Fingerprint{.high = std::uint64_t{entry.high[0]} << 32 | entry.high[1],
                        .low = std::uint64_t{entry.middle} << 32 | slot.tag});
    }
  }

  // Memory in use, less what the allocator adds.
  std::uint64_t bytes() const;

 private:
  // The tag, the lowest 32 bits of the fingerprint, is in the index.
  struct Entry {
    std::uint32_t high[2];
    std::uint32_t middle;
    Number from;
    EventName event;
  };

  struct Slot {
    Number number;
    std::uint32_t tag;
  };

  // In pieces, so that growing never copies it.
  class Entries {
   public:
    std::size_t size() const { return size_; }

    bool empty() const { return size_ == 0; }

    const Entry& operator[](std::size_t i) const { return pieces_[i / kPiece][i % kPiece]; }

    void push_back(const Entry& entry) {
      if (size_ % kPiece == 0) pieces_.push_back(std::make_unique_for_overwrite<Entry[]>(kPiece));
      pieces_.back()[size_++ % kPiece] = entry;
    }

   private:
    static constexpr std::size_t kPiece = std::size_t{1} << 16;

    std::vector<std::unique_ptr<Entry[]>> pieces_;
    std::size_t size_ = 0;
  };

  static Entry entry_of(const Fingerprint& fingerprint, Number from, EventName event);

  // Fingerprints fill the index in their order.
  std::size_t slot_of(std::uint64_t high) const;
  std::size_t after(std::size_t slot) const;
  void grow();

  // Where it is, or the first free place after where it would be.
  std::size_t find(const Fingerprint& fingerprint) const;

  Entries entries_;
  std::vector<Slot, HugePages<Slot>> index_;
};

}  // namespace holdfast::explore
