#pragma once

// Decision files that this program writes: a run that failed, with what is needed to play it again,
// here or in another build.

#include <string>
#include <string_view>

#include "protocol/fiber/stack_pool.h"

#include "scenarios/plan_file.h"
#include "tools/sim_record.h"

namespace holdfast::tools {

// Plays the run once more, to its first violation, and keeps its trail in `record`.
// Requires: the run does not crash.
void add_trail(SeedRecord& record, const scenarios::RunPlan& plan, StackPool& stacks);

// `about` becomes comments, after what was broken.  Returns what is wrong, or nothing.
std::string write_capsule(const std::string& path,
                          const scenarios::RunPlan& plan,
                          const SeedRecord& record,
                          std::string_view about);

// What a replay says of a run that was recorded before: the same failure or another.  Empty: the
// file does not say what failed.
std::string compared_with(const scenarios::Recording& recorded, const SeedRecord& record);

}  // namespace holdfast::tools
