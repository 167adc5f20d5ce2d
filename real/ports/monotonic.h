#pragma once

#include "protocol/env/time.h"

namespace holdfast::real {

// The machine's monotonic clock: never goes back, stands still while the machine sleeps.
Instant monotonic_now();

}  // namespace holdfast::real
