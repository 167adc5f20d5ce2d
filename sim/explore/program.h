#pragma once

// Programs whose steps say what they touch, so that one can tell which orders of them differ.
//
// Two steps depend on each other if one process takes both, or if they touch one object and one of
// them changes it.  Runs that differ in the order of independent steps only are one trace
// (Mazurkiewicz).

#include <cstdint>
#include <string>
#include <vector>

#include "sim/explore/fingerprint.h"

namespace holdfast::explore {

using Process = std::uint32_t;

struct Access {
  std::uint32_t object;
  bool writes;

  bool depends_on(const Access& other) const {
    return object == other.object && (writes || other.writes);
  }
};

// A process that has not ended, and what its next step touches.
struct Ready {
  Process process;
  Access access;
};

// Processes never wait for one another: each is ready from the start until it ends, and only its
// own steps change what its next one touches.
class Program {
 public:
  virtual ~Program() = default;

  virtual std::vector<std::uint32_t> start() const = 0;

  // In the order of their numbers.
  virtual std::vector<Ready> ready(Words state) const = 0;

  // Requires: the process is ready.
  virtual void step(std::vector<std::uint32_t>& state, Process process) const = 0;
};

}  // namespace holdfast::explore
