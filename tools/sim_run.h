#pragma once

#include <cstdint>
#include <string>

#include "tools/sim_annotations.h"
#include "tools/sim_campaign.h"

namespace holdfast::tools {

enum class ShrinkWish : std::uint8_t { kOnTerminal, kYes, kNo };

struct RunCommand {
  Campaign::Options campaign;
  // The first seed is this commit's; empty: it is not.
  std::string commit;
  // A folder of decision files that are played before the seeds; empty: none.
  std::string first;
  // A file of known failures (sim_quarantine.h); empty: none.
  std::string quarantine;
  // Whether failures are made small, one of each kind.
  ShrinkWish shrink = ShrinkWish::kOnTerminal;
  // Real time for all of them together.
  Duration shrink_budget = Duration::seconds(60);
  // Points that are not rare and were not reached fail the run.
  bool gate_points = false;
  // Files to write; empty: none.
  std::string json;
  std::string junit;
  // The picture of the first failure (sim_picture.h).
  std::string html;
  // A file to append to; empty: none.
  std::string markdown;
  Annotate annotate = Annotate::kNo;
};

// Plays the seeds and prints the account.  Returns the exit code.
int run_command(const RunCommand& command);

// The exit code of a campaign that ended so.
int exit_code_of(Campaign::End end, const Totals& totals);

}  // namespace holdfast::tools
