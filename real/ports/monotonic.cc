#include "real/ports/monotonic.h"

#include <chrono>

namespace holdfast::real {

Instant monotonic_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return Instant::at(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

}  // namespace holdfast::real
