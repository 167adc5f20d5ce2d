#pragma once

#include <cstdint>
#include <string>

#include "tools/sim_campaign.h"

namespace holdfast::tools {

struct RunCommand {
  Campaign::Options campaign;
  // Files to write; empty: none.
  std::string json;
  std::string junit;
};

// Plays the seeds and prints the account.  Returns the exit code.
int run_command(const RunCommand& command);

// The exit code of a campaign that ended so.
int exit_code_of(Campaign::End end, const Totals& totals);

}  // namespace holdfast::tools
