#include "protocol/key_table.h"

#include <bit>

#include "protocol/env/hash.h"

namespace holdfast {

std::size_t KeyTable::home_of(IdempotencyKey key) const {
  return mix(key.client, key.sequence) & mask();
}

std::size_t KeyTable::probe(IdempotencyKey key) const {
  std::size_t cell = home_of(key);
  while (index_[cell] != 0 && places_[index_[cell] - 1].key != key)
    cell = (cell + 1) & mask();
  return cell;
}

void KeyTable::add(Position p, IdempotencyKey key) {
  HOLDFAST_REQUIRE(key != IdempotencyKey{}, p);
  if (places_.empty()) {
    places_.resize(positions_);
    index_.resize(std::bit_ceil(2 * positions_));
  }
  const std::size_t place = p.value % positions_;
  if (places_[place].key != IdempotencyKey{}) {
    if (places_[place].position >= p) return;
    forget(place);
  }
  places_[place] = {p, key};
  // A key that was appended again, long after: the older entry is not found any more.
  std::uint32_t& known = index_[probe(key)];
  if (known == 0 || places_[known - 1].position < p) known = static_cast<std::uint32_t>(place + 1);
}

std::optional<Position> KeyTable::find(IdempotencyKey key) const {
  if (places_.empty()) return std::nullopt;
  const std::uint32_t known = index_[probe(key)];
  if (known == 0) return std::nullopt;
  return places_[known - 1].position;
}

void KeyTable::forget(std::size_t place) {
  std::size_t hole = probe(places_[place].key);
  // Another entry of the same key may be the one that is found.
  if (index_[hole] != place + 1) return;
  // Moves up every later cell of the run that would no longer be found across the hole.
  for (std::size_t i = (hole + 1) & mask(); index_[i] != 0; i = (i + 1) & mask()) {
    const std::size_t home = home_of(places_[index_[i] - 1].key);
    if (((i - home) & mask()) < ((i - hole) & mask())) continue;
    index_[hole] = index_[i];
    hole = i;
  }
  index_[hole] = 0;
}

}  // namespace holdfast
