#pragma once

#include <cstdint>

namespace holdfast::sim {

// Whom a fault aims at when it fires.  The world does not know who plays which part; the cast
// does (cast.h).
enum class Role : std::uint8_t {
  kCoordinator,
  kCatchingUp,
  kVoting,
  kRecovering,  // up, and does not vote yet
};

}  // namespace holdfast::sim
