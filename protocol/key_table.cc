#include "protocol/key_table.h"

#include <bit>

#include "protocol/env/hash.h"

namespace holdfast {

// Neighbours among the keys of one client are neighbours in the index, eight to a line of the
// processor's cache; where in its line a block of them begins is up to the hash, too.
std::uint32_t KeyTable::hash_of(IdempotencyKey key) {
  constexpr unsigned kBlockBits = 3;
  constexpr std::uint64_t kBlock = 1 << kBlockBits;
  const std::uint64_t block = mix(key.client, key.sequence / kBlock);
  const std::uint64_t within = (key.sequence + (block >> 61)) % kBlock;
  return static_cast<std::uint32_t>(block << kBlockBits | within);
}

std::size_t KeyTable::probe(IdempotencyKey key, std::uint32_t hash) const {
  std::size_t at = hash & mask();
  while (index_[at].place != 0 &&
         (index_[at].hash != hash || places_[index_[at].place - 1].key != key)) {
    at = (at + 1) & mask();
  }
  return at;
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
  const std::uint32_t hash = hash_of(key);
  Cell& known = index_[probe(key, hash)];
  if (known.place == 0 || places_[known.place - 1].position < p) {
    known = {hash, static_cast<std::uint32_t>(place + 1)};
  }
}

std::optional<Position> KeyTable::find(IdempotencyKey key) const {
  if (places_.empty()) return std::nullopt;
  const Cell& known = index_[probe(key, hash_of(key))];
  if (known.place == 0) return std::nullopt;
  return places_[known.place - 1].position;
}

void KeyTable::forget(std::size_t place) {
  const IdempotencyKey key = places_[place].key;
  std::size_t hole = probe(key, hash_of(key));
  // Another entry of the same key may be the one that is found.
  if (index_[hole].place != place + 1) return;
  // Moves up every later cell of the run that would no longer be found across the hole.
  for (std::size_t i = (hole + 1) & mask(); index_[i].place != 0; i = (i + 1) & mask()) {
    const std::size_t home = index_[i].hash & mask();
    if (((i - home) & mask()) < ((i - hole) & mask())) continue;
    index_[hole] = index_[i];
    hole = i;
  }
  index_[hole] = {};
}

}  // namespace holdfast
