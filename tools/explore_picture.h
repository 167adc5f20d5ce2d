#pragma once

// A counterexample of the model checker as the page of a run (sim_picture.h): a millisecond for
// each event.

#include "tools/explore_report.h"
#include "tools/sim_picture.h"

namespace holdfast::tools {

// Requires: the exploration ended with a violation.  `replay` is the line that plays it again, or
// finds it again.
Picture picture_of(const ExploreReport& report, std::string replay);

}  // namespace holdfast::tools
