#pragma once

#include <cstdint>

#include "protocol/env/time.h"

namespace holdfast {

// What a draw decides.  Draws of one stream are independent of how often the others are used, so
// that a run with one decision removed draws the rest as before.
enum class RandomStream : std::uint8_t {
  kBootNonce = 1,
  kBackoff = 2,     // how long to wait before trying again
  kPeerChoice = 3,  // whom to ask first
  kWorkload = 4,    // what an application on the node does next
  kElection = 5,    // how long to wait before running for coordinator
  kRecovery = 6,    // when to ask again who the others are
};

// A node's only source of chance.
class Random {
 public:
  virtual ~Random() = default;

  // Uniform over all 64-bit values; every call advances the stream by one.
  virtual std::uint64_t draw(RandomStream stream) = 0;

  // Uniform in [0, bound).  Requires: bound > 0.
  std::uint64_t below(RandomStream stream, std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(draw(stream)) * bound) >> 64);
  }

  // Uniform in [from, to).  Requires: from < to.
  Duration between(RandomStream stream, Duration from, Duration to) {
    const auto span = static_cast<std::uint64_t>((to - from).ns());
    return from + Duration::nanoseconds(static_cast<std::int64_t>(below(stream, span)));
  }
};

}  // namespace holdfast
