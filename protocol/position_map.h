#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "protocol/types.h"

namespace holdfast {

// A map by position for values that mostly come and go in the order of their positions: an eighth
// of the allocations and a fraction of the comparisons of a std::map.  A lone value takes the room
// of sixteen.  A value stays where it is until it is erased.
template <typename T>
class PositionMap {
 public:
  bool empty() const { return size_ == 0; }

  std::size_t size() const { return size_; }

  T* find(Position p) {
    const auto page = pages_.find(page_of(p));
    return page == pages_.end() ? nullptr : page->second->at(p);
  }

  const T* find(Position p) const { return const_cast<PositionMap*>(this)->find(p); }

  // Replaces what is there.
  T& set(Position p, T value) {
    auto& page = page_for(page_of(p));
    std::optional<T>& slot = page.slots[slot_of(p)];
    if (!slot) {
      page.used |= bit_of(p);
      ++size_;
    }
    slot = std::move(value);
    return *slot;
  }

  void erase(Position p) {
    const auto page = pages_.find(page_of(p));
    if (page == pages_.end() || page->second->at(p) == nullptr) return;
    remove(*page->second, p);
    if (page->second->used == 0) pages_.erase(page);
  }

  // Every value of a lower position.
  void erase_below(Position bound) {
    for (auto at = first_from({}); at && *at < bound; at = first_from(*at))
      erase(*at);
  }

  // The lowest position >= p that has a value.
  std::optional<Position> first_from(Position p) const {
    auto page = pages_.lower_bound(page_of(p));
    if (page == pages_.end()) return std::nullopt;
    unsigned used = page->second->used;
    if (page->first == page_of(p)) used &= ~(bit_of(p) - 1);
    if (used == 0) {
      if (++page == pages_.end()) return std::nullopt;
      used = page->second->used;
    }
    return Position{page->first * kSlots + static_cast<unsigned>(std::countr_zero(used))};
  }

 private:
  static constexpr std::uint64_t kSlots = 16;

  struct Page {
    std::array<std::optional<T>, kSlots> slots;
    // A bit for each slot that has a value.  A page without any is erased.
    unsigned used = 0;

    T* at(Position p) {
      auto& slot = slots[slot_of(p)];
      return slot ? &*slot : nullptr;
    }
  };

  static std::uint64_t page_of(Position p) { return p.value / kSlots; }

  static std::size_t slot_of(Position p) { return p.value % kSlots; }

  static unsigned bit_of(Position p) { return 1u << slot_of(p); }

  // Mostly the last.
  Page& page_for(std::uint64_t number) {
    if (!pages_.empty() && pages_.rbegin()->first == number) return *pages_.rbegin()->second;
    auto& page = pages_[number];
    if (!page) page = std::make_unique<Page>();
    return *page;
  }

  void remove(Page& page, Position p) {
    page.slots[slot_of(p)].reset();
    page.used &= ~bit_of(p);
    --size_;
  }

  std::map<std::uint64_t, std::unique_ptr<Page>> pages_;
  std::size_t size_ = 0;
};

}  // namespace holdfast
