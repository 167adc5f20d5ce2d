#pragma once

// docs/soak.md: which seeds were run for which build of the core, and what came out.  A Markdown
// file that people read and this program continues.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace holdfast::tools {

// Seeds `first` to `first` + `seeds` - 1, without a gap.
struct SoakRange {
  // "2026-11-22", UTC.
  std::string date;
  std::uint64_t core = 0;
  std::string scenario;
  std::string profile;
  std::uint64_t first = 0;
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  // Simulated time, in whole seconds.
  std::uint64_t simulated_s = 0;
  // "passed", or what failed where.
  std::string result;

  bool operator==(const SoakRange&) const = default;
};

// What the ranges of one core, scenario and profile add up to.  Only equal cores add up.
struct SoakTotal {
  std::uint64_t ranges = 0;
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t simulated_s = 0;
  std::uint64_t ranges_failed = 0;
};

// Faults by name, in the order of the report.
using SoakFaults = std::vector<std::pair<std::string, std::uint64_t>>;

class Ledger {
 public:
  // The content of a file; empty: a new one.  An error names the line and what to do.
  static tl::expected<Ledger, std::string> parse(std::string_view text);

  std::string format() const;

  // Adds a range, and what was injected in it to the table of its core.
  void add(const SoakRange& range, const SoakFaults& faults);

  const std::vector<SoakRange>& ranges() const { return ranges_; }

  // By core; none if it never ran.
  const SoakFaults* faults(std::uint64_t core) const;

  SoakTotal total(const SoakRange& like) const;

  // The seed after the last that a range of the same core, scenario and profile covers; or, when
  // there is none, first_seed_of(core).
  std::uint64_t next_seed(const SoakRange& like) const;

  // Different cores see different seeds: each has a thousand million of its own.
  static std::uint64_t first_seed_of(std::uint64_t core);

 private:
  // What people wrote above the first table.
  std::string preface_;
  std::vector<SoakRange> ranges_;
  std::map<std::uint64_t, SoakFaults> faults_;
};

// "3 ranges, 1,200 seeds, ...".
std::string to_string(const SoakTotal& total);

}  // namespace holdfast::tools
