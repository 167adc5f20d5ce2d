#pragma once

// What a bug needs, and when it was decided: a small failing run, played many times with a part
// left out, or with chance drawn anew from some moment on.

#include <string>

#include "scenarios/run_plan.h"
#include "tools/sim_failure.h"
#include "tools/sim_laboratory.h"

namespace holdfast::tools {

// Requires: `plan` fails as `name` says.  What there was no time for is left out.
std::string explain(const scenarios::RunPlan& plan,
                    const FailureName& name,
                    Laboratory& laboratory);

}  // namespace holdfast::tools
