#pragma once

#include <cstdint>
#include <string>

#include "tools/sim_campaign.h"

namespace holdfast::tools {

enum class ShrinkWish : std::uint8_t { kOnTerminal, kYes, kNo };

struct RunCommand {
  Campaign::Options campaign;
  // Whether failures are made small, one of each kind.
  ShrinkWish shrink = ShrinkWish::kOnTerminal;
  // Real time for all of them together.
  Duration shrink_budget = Duration::seconds(60);
  // Files to write; empty: none.
  std::string json;
  std::string junit;
};

// Plays the seeds and prints the account.  Returns the exit code.
int run_command(const RunCommand& command);

// The exit code of a campaign that ended so.
int exit_code_of(Campaign::End end, const Totals& totals);

}  // namespace holdfast::tools
