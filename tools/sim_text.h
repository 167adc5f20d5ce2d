#pragma once

// The reports people read.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/run_plan.h"
#include "tools/sim_totals.h"

namespace holdfast::tools {

// "14.318221s"
std::string seconds_text(std::int64_t ns);

// amount / real_ns; 0 before any time has passed.
double ratio_of(double amount, std::int64_t real_ns);

// "1234567" as "1,234,567".
std::string grouped(std::uint64_t value);

// An argument as a shell takes it: quoted if it must be.
std::string shell_word(std::string_view text);

// Everything that was drawn: settings with units, and how many faults and operations of each kind.
std::string describe_plan(const scenarios::RunPlan& plan);

std::vector<std::string> split_lines(const std::string& text);

// "fault      crash_lost at=...", "operation  append at=...": one line each, by time.
std::vector<std::string> item_lines(const scenarios::RunPlan& plan);

// The violation that names a failed run: the first of the heaviest kind.  None: it only differed
// from its repetition.
const Found* worst_of(const SeedRecord& record);

// What a failed run broke and where.
std::string account_of(const SeedRecord& record, int exit_code);

// The same, with the seed and the lines that replay it.  `program` is how this program was
// called, `choice` the arguments that chose the run.
std::string failure_text(const FailedSeed& failure,
                         std::string_view program,
                         std::string_view choice);

// The line that replays a failure: its file if it has one.
std::string replay_line(const FailedSeed& failure,
                        std::string_view program,
                        std::string_view choice);

// "412 seeds, 206.0 seeds/s, ...": while it runs.
std::string progress_text(const Totals& totals, std::int64_t real_ns);

// The whole account.
std::string summary_text(const Totals& totals, std::int64_t real_ns);

}  // namespace holdfast::tools
