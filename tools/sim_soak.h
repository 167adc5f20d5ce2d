#pragma once

#include <cstdint>
#include <string>

#include "tools/sim_campaign.h"

namespace holdfast::tools {

// Whether seeds of this core that were run before are expected.
enum class Resume : std::uint8_t { kNo, kYes };

struct SoakCommand {
  // first_seed is chosen by the ledger.
  Campaign::Options campaign;
  Resume resume = Resume::kNo;
  std::string ledger = "docs/soak.md";
};

// Plays seeds that this build of the core has not seen, until the count, the budget or Ctrl-C, and
// keeps the ledger: what was done is in it at most a minute later.  Returns the exit code.
int soak_command(const SoakCommand& command);

}  // namespace holdfast::tools
