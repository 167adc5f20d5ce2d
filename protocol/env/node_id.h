#pragma once

#include <compare>
#include <cstdint>

namespace holdfast {

// Names one member of a cluster: 1 to 255, chosen by the operator, never reused for another
// machine.  0 names nobody.
struct NodeId {
  std::uint8_t value = 0;

  constexpr auto operator<=>(const NodeId&) const = default;
};

}  // namespace holdfast
