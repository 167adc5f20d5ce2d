#pragma once

// Which idempotency keys the log holds, and where: the memory behind "appending a key twice is
// appending it once".

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/action.h"

namespace holdfast {

// Remembers at least the keys of the `positions` highest positions added, whatever the order in
// which they come; older ones until their place is needed.  40 to 56 bytes for each of `positions`,
// from the first key on; every call takes constant time.
//
// Derived from learned entries only, so every replica that has learned the same has the same keys.
class KeyTable {
 public:
  // Requires: 1 <= positions <= 2^30.
  explicit KeyTable(std::size_t positions) : positions_(positions) {}

  // An entry with this key was learned.  Requires: a key, not none.
  void add(Position p, IdempotencyKey key);

  // The highest position added with this key that is remembered.
  std::optional<Position> find(IdempotencyKey key) const;

 private:
  struct Place {
    Position position;
    // None: empty.
    IdempotencyKey key;
  };

  // So much of a key's hash that other keys' places are hardly ever looked at: those are anywhere
  // in memory.
  struct Cell {
    std::uint32_t hash = 0;
    // Number of the place + 1, or 0.
    std::uint32_t place = 0;
  };

  std::size_t mask() const { return index_.size() - 1; }

  static std::uint32_t hash_of(IdempotencyKey key);
  // Where `key`, of that hash, is in the index, or the empty cell where it would be.
  std::size_t probe(IdempotencyKey key, std::uint32_t hash) const;
  void forget(std::size_t place);

  std::size_t positions_;
  // The entry of position p is at p mod positions_.
  std::vector<Place> places_;
  // Open addressing with linear probing, from the cell that the hash names.
  std::vector<Cell> index_;
};

}  // namespace holdfast
