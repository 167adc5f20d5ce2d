#pragma once

// One account of a whole sweep, or of several of one core: what the shards in one or more folders
// come to.  No seed is ever counted twice, and none is left out in silence.

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "tools/sim_annotations.h"
#include "tools/sim_shard.h"

namespace holdfast::tools {

struct Merged {
  // What was swept, and by which core.  Of several sweeps: the first; they differ in seeds and
  // shards only.
  Sweep sweep;
  // Seeds of all sweeps, each once.
  std::uint64_t asked = 0;
  std::uint64_t shards = 0;
  std::uint64_t shards_finished = 0;
  Sums sums;
  // Files of examples as they can be opened from here.
  FailureGroups failures;

  // A line each.
  std::vector<std::string> missing;
  std::vector<std::string> unfinished;
  // Results of which something is counted already: nothing of them is counted.
  std::vector<std::string> overlapping;
  // Files that are damaged, or of another sweep.
  std::vector<std::string> refused;
  // A shard that was played twice and came out differently.
  std::vector<std::string> contradictions;
};

// An error names the folder, what is wrong with it and what to do.
tl::expected<Merged, std::string> merge(const std::vector<std::string>& folders);

// 10 to 13 by the heaviest failure; 14 if seeds are missing; else 0.
int exit_code_of(const Merged& merged);

// Failures of a class that need the same faults: as far as is known, one bug.
struct Story {
  std::vector<std::string> faults;
  // The one with the lowest seed, of those shrunk if there are any.
  FailureExample example;
};

// Requires: examples of one class.  Examples that are not shrunk tell nothing of what they need,
// and make one story together, if there is no shrunk one.
std::vector<Story> stories_of(const std::vector<FailureExample>& examples);

// The account for people, and for programs as those of `run` (sim_report.h): JSON with schema
// "holdfast-sim/merge/1", JUnit XML with a test case per property, class of failures and shard that
// is not there, and a section of Markdown.
std::string summary_text(const Merged& merged, const std::string& program);
std::string to_json(const Merged& merged, const std::string& program);
std::string to_junit(const Merged& merged, const std::string& program);
std::string to_markdown(const Merged& merged, const std::string& program);

// An error for each story and each contradiction, a warning for all else that is not as it should.
std::string to_annotations(const Merged& merged, const std::string& program);

struct MergeCommand {
  std::vector<std::string> folders;
  // Files to write, and one to append to; empty: none.
  std::string json;
  std::string junit;
  std::string markdown;
  Annotate annotate = Annotate::kNo;
  // As this program was called.
  std::string program = "holdfast-sim";
};

// Returns the exit code.
int merge_command(const MergeCommand& command);

}  // namespace holdfast::tools
