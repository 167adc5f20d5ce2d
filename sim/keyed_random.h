#pragma once

// Chance without a generator: a draw is a hash of what it decides.
//
//   const KeyedRandom links = KeyedRandom(seed).at("network.delay");
//   links.at(from).at(to).draw(counter)
//
// Draws of different keys are independent, and nothing is consumed: leaving one decision out of a
// run leaves all the others as they were.  That is what makes a failing run shrink.
//
// Everything is integer arithmetic; chances are in parts per million (ppm).

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"
#include "protocol/env/time.h"

namespace holdfast::sim {

// All of it, in ppm.
inline constexpr std::int64_t kWhole = 1'000'000;

// A key.  Cheap to copy; pure.
class KeyedRandom {
 public:
  explicit constexpr KeyedRandom(std::uint64_t key) : key_(key) {}

  constexpr std::uint64_t key() const { return key_; }

  // The key of one entity or purpose below this one.
  constexpr KeyedRandom at(std::uint64_t entity) const { return KeyedRandom(mix(key_, entity)); }

  KeyedRandom at(std::string_view name) const { return at(hash_bytes(name)); }

  // All 64 bits of the decision number `counter` under this key.
  constexpr std::uint64_t draw(std::uint64_t counter = 0) const { return mix(key_, counter); }

 private:
  std::uint64_t key_;
};

// The functions below shape one draw.  `draw` must not be used for anything else.

// Uniform in [0, bound).  Requires: bound > 0.
constexpr std::uint64_t below(std::uint64_t draw, std::uint64_t bound) {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(draw) * bound) >> 64);
}

// True with a chance of `ppm` in a million; never at 0, always at a million.
constexpr bool chance(std::uint64_t draw, std::int64_t ppm) {
  return static_cast<std::int64_t>(below(draw, kWhole)) < ppm;
}

// Uniform in [from, to], both included.  Requires: from <= to.
constexpr std::int64_t uniform(std::uint64_t draw, std::int64_t from, std::int64_t to) {
  const auto span = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) + 1;
  const std::uint64_t offset = span == 0 ? draw : below(draw, span);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) + offset);
}

constexpr Duration uniform(std::uint64_t draw, Duration from, Duration to) {
  return Duration::nanoseconds(uniform(draw, from.ns(), to.ns()));
}

// Over orders of magnitude: every octave (power of two) between `from` and `to` is equally likely,
// and so is every value within an octave.  Requires: 1 <= from <= to.
constexpr std::int64_t log_uniform(std::uint64_t draw, std::int64_t from, std::int64_t to) {
  HOLDFAST_REQUIRE(1 <= from && from <= to, from, to);
  const auto first = std::bit_width(static_cast<std::uint64_t>(from)) - 1;
  const auto last = std::bit_width(static_cast<std::uint64_t>(to)) - 1;
  const auto octave = static_cast<int>(uniform(mix(draw, 1), first, last));
  const std::int64_t lowest = std::int64_t{1} << octave;
  const std::int64_t highest = lowest + (lowest - 1);
  return uniform(mix(draw, 2), from > lowest ? from : lowest, to < highest ? to : highest);
}

constexpr Duration log_uniform(std::uint64_t draw, Duration from, Duration to) {
  return Duration::nanoseconds(log_uniform(draw, from.ns(), to.ns()));
}

// The index of one of the weights, in proportion to them.  Requires: their sum is not 0.
constexpr std::size_t weighted(std::uint64_t draw, std::span<const std::uint32_t> weights) {
  std::uint64_t sum = 0;
  for (const std::uint32_t weight : weights)
    sum += weight;
  HOLDFAST_REQUIRE(sum > 0, weights.size());
  std::uint64_t left = below(draw, sum);
  std::size_t index = 0;
  while (left >= weights[index])
    left -= weights[index++];
  return index;
}

}  // namespace holdfast::sim
