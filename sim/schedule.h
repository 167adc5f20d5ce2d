#pragma once

// Draws what goes wrong in a run, in the style the options name.

#include <cstdint>
#include <vector>

#include "sim/faults.h"
#include "sim/options.h"

namespace holdfast::sim {

// Ordered by time.  Every fault is valid in a world of these options.  Each fault's fields are
// keyed by its class and its number within the class, so that a class switched off leaves the
// others as they were.
//
// Requires: validate(options) found nothing.
std::vector<Fault> draw_faults(const WorldOptions& options);

}  // namespace holdfast::sim
