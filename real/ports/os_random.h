#pragma once

#include "protocol/env/random.h"

namespace holdfast::real {

// The kernel's entropy.  Streams are independent because every draw is.
class OsRandom final : public Random {
 public:
  std::uint64_t draw(RandomStream stream) override;
};

}  // namespace holdfast::real
