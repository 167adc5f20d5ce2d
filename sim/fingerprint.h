#pragma once

// The rolling hash of everything that happened in a run.  Two runs with equal fingerprints took
// the same steps at the same times with the same content.

#include <cstdint>

#include "protocol/env/hash.h"

namespace holdfast::sim {

class Fingerprint {
 public:
  constexpr std::uint64_t value() const { return value_; }

  constexpr void fold(std::uint64_t word) { value_ = mix(value_, word); }

 private:
  std::uint64_t value_ = 0x686f6c6466617374ULL;  // "holdfast"
};

}  // namespace holdfast::sim
