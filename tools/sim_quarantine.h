#pragma once

// Known failures that do not fail a run: a small text file beside the tests of whoever uses
// holdfast.  A line each:
//
//   capsule NAME [until=DATE] [issue=REF] REASON...
//   property SCENARIO PROPERTY [until=DATE] [issue=REF] REASON...
//
// `capsule` names one decision file: of a past failure, or of a seed.  `property` covers every run
// of a scenario that breaks nothing but properties quarantined so.  An entry has a date, after
// which it counts for nothing, or an issue, or both; and a reason.  `#` begins a comment.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "tools/sim_record.h"

namespace holdfast::tools {

struct QuarantineEntry {
  std::size_t line = 0;
  // Either this,
  std::string capsule;
  // or these two.
  std::string scenario;
  std::string property;
  // Empty: none.
  std::string until;
  std::string issue;
  std::string reason;
};

// A run that failed.
struct Suspect {
  std::string_view scenario;
  // The name of its decision file, without folders.
  std::string_view capsule;
  const SeedRecord& record;
};

// What was played in all.
struct Played {
  // Names of past decision files; empty: none were asked for, and nothing is known of them.
  std::set<std::string, std::less<>> capsules;
  // Runs by scenario.
  std::map<std::string, std::uint64_t, std::less<>> runs;
};

class Quarantine {
 public:
  // Nothing is quarantined.
  Quarantine() = default;

  // `path` is for messages, `today` decides what has expired.  An error names the line and what to
  // do.
  static tl::expected<Quarantine, std::string> parse(std::string_view text,
                                                     const std::string& path,
                                                     std::string_view today);

  // Why the failure does not count; empty: it does.  Entries that were of use are remembered.
  std::string excuse(const Suspect& suspect);

  // Entries to remove: those that name what no longer fails, or was not there; and those that have
  // expired.  A line each, with file and line.
  std::vector<std::string> stale(const Played& played) const;

 private:
  struct Row {
    QuarantineEntry entry;
    bool expired = false;
    bool used = false;
  };

  static tl::expected<QuarantineEntry, std::string> parse_entry(std::string_view line);

  Row* row_for_capsule(std::string_view capsule);
  Row* row_for_property(std::string_view scenario, std::string_view property);

  std::string path_;
  std::vector<Row> rows_;
};

}  // namespace holdfast::tools
