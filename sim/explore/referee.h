#pragma once

// Who says what is wrong.  It sees what all nodes record, and remembers as little of it as it can:
// its memory is part of every state.

#include <cstdint>
#include <string>
#include <vector>

#include "sim/explore/life.h"

namespace holdfast::explore {

struct Observed {
  enum class What : std::uint8_t { kStep, kCrash, kWipe };

  Node node = 0;
  std::uint32_t life = 0;
  What what = What::kStep;
  // In a step.
  std::vector<Seen> seen;

  friend auto operator<=>(const Observed&, const Observed&) = default;
};

struct Ruling {
  // Bytes that name all it remembers.
  std::string memory;
  // What is wrong, and since this moment; empty: nothing.
  std::string violation;

  friend auto operator<=>(const Ruling&, const Ruling&) = default;
};

class Referee {
 public:
  virtual ~Referee() = default;

  virtual std::string start() const = 0;

  // A function of its arguments.
  virtual Ruling judge(const std::string& memory, const Observed& observed) const = 0;
};

}  // namespace holdfast::explore
