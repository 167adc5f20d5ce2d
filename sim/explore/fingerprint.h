#pragma once

// What a search remembers of a state: 128 bits.
//
// Sums of fingerprints name sets and multisets whatever the order in which they were met, so that
// two searches in different orders can be compared by one figure, and a state made of parts can be
// named by its parts.

#include <bit>
#include <compare>
#include <cstdint>
#include <span>

#include "protocol/env/hash.h"
#include "protocol/env/state_hash.h"

namespace holdfast::explore {

// A state as words; how many, and what they mean, is its space's.
using Words = std::span<const std::uint32_t>;

using Fingerprint = StateName;

// Of a sequence: order and length matter.
constexpr Fingerprint fingerprint_of(Words words) {
  std::uint64_t low = 0x243f6a8885a308d3ULL ^ words.size();
  std::uint64_t high = 0x13198a2e03707344ULL ^ std::rotl(words.size(), 32);
  std::size_t i = 0;
  for (; i + 1 < words.size(); i += 2) {
    const std::uint64_t pair = std::uint64_t{words[i]} << 32 | words[i + 1];
    low = mix(low, pair);
    high = mix(pair ^ 0xa4093822299f31d0ULL, high);
  }
  if (i < words.size()) {
    low = mix(low, words[i]);
    high = mix(words[i] ^ 0x082efa98ec4e6c89ULL, high);
  }
  return {.high = high, .low = low};
}

// The odds that any two of so many states have one fingerprint are below 2 to the power of this:
// there are fewer than states^2 / 2 pairs, and each is alike with 2^-128.
constexpr int collision_exponent(std::uint64_t states) {
  return 2 * static_cast<int>(std::bit_width(states)) - 129;
}

}  // namespace holdfast::explore
