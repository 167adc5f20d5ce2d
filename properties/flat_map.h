#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace holdfast::properties {

// A hash map from 64-bit ids or digests to T: one array, linear probing.  It cannot be iterated,
// so its order can never leak into a result.
template <typename T>
class FlatMap {
 public:
  // Invalidated by the next at() or erase().
  T& at(std::uint64_t key) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    const std::size_t i = probe(key);
    if (!slots_[i].used) {
      slots_[i] = {.key = key, .used = true, .value = T{}};
      ++size_;
    }
    return slots_[i].value;
  }

  const T* find(std::uint64_t key) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[probe(key)];
    return slot.used ? &slot.value : nullptr;
  }

  T* find(std::uint64_t key) { return const_cast<T*>(std::as_const(*this).find(key)); }

  void erase(std::uint64_t key) {
    if (slots_.empty()) return;
    std::size_t hole = probe(key);
    if (!slots_[hole].used) return;
    // Moves up every later entry of the run that would no longer be found across the hole.
    for (std::size_t i = next(hole); slots_[i].used; i = next(i)) {
      const std::size_t home = home_of(slots_[i].key);
      if (((i - home) & mask()) < ((i - hole) & mask())) continue;
      slots_[hole] = std::move(slots_[i]);
      hole = i;
    }
    slots_[hole] = Slot{};
    --size_;
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    bool used = false;
    T value{};
  };

  std::size_t mask() const { return slots_.size() - 1; }

  std::size_t next(std::size_t i) const { return (i + 1) & mask(); }

  std::size_t home_of(std::uint64_t key) const {
    const std::uint64_t product = key * 0x9e3779b97f4a7c15ULL;
    return static_cast<std::size_t>(product ^ product >> 32) & mask();
  }

  std::size_t probe(std::uint64_t key) const {
    std::size_t i = home_of(key);
    while (slots_[i].used && slots_[i].key != key)
      i = next(i);
    return i;
  }

  void grow() {
    std::vector<Slot> before = std::move(slots_);
    slots_ = std::vector<Slot>(before.empty() ? 16 : before.size() * 2);
    for (Slot& slot : before) {
      if (!slot.used) continue;
      const std::size_t i = probe(slot.key);
      slots_[i] = std::move(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace holdfast::properties
