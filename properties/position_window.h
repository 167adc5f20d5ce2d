#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "protocol/types.h"

namespace holdfast::properties {

// A map from positions to T for positions that lie close together, wherever the log starts: chunks
// of slots in a directory that starts at the first position used.  A position very far from the
// others (only a bug makes one) goes to a tree, so that it costs time but never memory.
template <typename T>
class PositionWindow {
 public:
  // The slot of `p`, made with T{} if there was none.
  T& at(Position p) {
    if (Chunk* chunk = chunk_of(p)) return chunk->slots[p.value & kMask];
    return make(p);
  }

  const T* find(Position p) const {
    if (const Chunk* chunk = chunk_of(p)) return &chunk->slots[p.value & kMask];
    if (far_.empty()) return nullptr;
    const auto it = far_.find(p.value);
    return it == far_.end() ? nullptr : &it->second;
  }

  T* find(Position p) { return const_cast<T*>(std::as_const(*this).find(p)); }

  // Forgets (some) slots of positions below `p`, never others.
  void drop_below(Position p) {
    const std::uint64_t bound = p.value >> kBits;
    far_.erase(far_.begin(), far_.lower_bound(p.value));
    if (chunks_.empty() || bound <= first_) return;
    const std::uint64_t count = std::min<std::uint64_t>(bound - first_, chunks_.size());
    chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(count));
    first_ += count;
  }

  // Calls visit(Position, T&) for every slot ever made and some never used, ascending among those
  // that lie close together.
  template <typename Visit>
  void for_each(Visit visit) {
    for (std::size_t c = 0; c < chunks_.size(); ++c) {
      if (!chunks_[c]) continue;
      for (std::uint64_t i = 0; i <= kMask; ++i)
        visit(Position{(first_ + c) << kBits | i}, chunks_[c]->slots[i]);
    }
    for (auto& [position, slot] : far_)
      visit(Position{position}, slot);
  }

  void clear() { *this = PositionWindow(); }

 private:
  static constexpr unsigned kBits = 7;
  static constexpr std::uint64_t kMask = (std::uint64_t{1} << kBits) - 1;
  static constexpr std::uint64_t kChunksMax = std::uint64_t{1} << 18;

  struct Chunk {
    std::array<T, kMask + 1> slots{};
  };

  Chunk* chunk_of(Position p) const {
    const std::uint64_t index = (p.value >> kBits) - first_;  // wraps below first_: then too large
    return index < chunks_.size() ? chunks_[index].get() : nullptr;
  }

  T& make(Position p) {
    const std::uint64_t number = p.value >> kBits;
    if (chunks_.empty()) first_ = number;
    if (number < first_ && first_ - number < kChunksMax - chunks_.size()) {
      std::vector<std::unique_ptr<Chunk>> longer(first_ - number);
      for (auto& chunk : chunks_)
        longer.push_back(std::move(chunk));
      chunks_ = std::move(longer);
      first_ = number;
    }
    const std::uint64_t index = number - first_;
    if (index >= kChunksMax) return far_[p.value];
    if (index >= chunks_.size()) chunks_.resize(index + 1);
    if (!chunks_[index]) {
      chunks_[index] = std::make_unique<Chunk>();
      adopt_far(number, *chunks_[index]);
    }
    return chunks_[index]->slots[p.value & kMask];
  }

  // Positions that were far when the window lay elsewhere move into their chunk.
  void adopt_far(std::uint64_t number, Chunk& chunk) {
    auto it = far_.lower_bound(number << kBits);
    while (it != far_.end() && it->first >> kBits == number) {
      chunk.slots[it->first & kMask] = std::move(it->second);
      it = far_.erase(it);
    }
  }

  std::uint64_t first_ = 0;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::map<std::uint64_t, T> far_;
};

}  // namespace holdfast::properties
