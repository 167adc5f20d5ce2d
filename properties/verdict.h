#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/env/node_id.h"

namespace holdfast::properties {

// What kind of promise was broken.  Ordered by weight: with several, the heaviest names the run.
enum class FailureClass : std::uint8_t {
  kCrash = 1,
  kLiveness = 2,
  kSafety = 3,
};

// The exit code of a program whose run failed so: 10 crash, 11 liveness, 12 safety.
int exit_code(FailureClass failure);
std::string_view name_of(FailureClass failure);

// Where in the source a check stands (clang 14 has no std::source_location).
struct CheckSite {
  const char* file = "";
  unsigned line = 0;

  // As a default argument: of the caller.
  static constexpr CheckSite current(const char* file = __builtin_FILE(),
                                     unsigned line = __builtin_LINE()) {
    return {file, line};
  }
};

// One broken promise: which, when, where, and everything needed to see why.
struct Violation {
  // A name of the catalog; lives for ever.
  std::string_view property;
  FailureClass failure = FailureClass::kSafety;
  // The event that showed it.
  std::uint64_t seq = 0;
  // Its kind (protocol/events.h), by name; empty: no event shows it.  Lives for ever.
  std::string_view event_kind;
  std::int64_t time_ns = 0;
  // 0: no single node.
  NodeId node;
  // A sentence with all operands.
  std::string text;
  // The check that was false.
  CheckSite where;

  // One line: property, event, time, node, text, check.
  std::string describe() const;
};

// What the judges found.  The first violations of each property are kept whole, the rest counted.
class Verdict {
 public:
  static constexpr std::size_t kKeptPerProperty = 20;

  void add(Violation violation);

  bool clean() const { return total_ == 0; }

  // Found in all, kept or not.
  std::uint64_t total() const { return total_; }

  std::uint64_t count(std::string_view property) const;

  // In the order they were found.
  const std::vector<Violation>& violations() const { return kept_; }

  // The first of the heaviest class.  Requires: not clean().
  const Violation& worst() const;

  // 0 when clean, else the code of the heaviest class found.
  int exit_code() const;

 private:
  std::vector<Violation> kept_;
  std::map<std::string_view, std::uint64_t> counts_;
  std::uint64_t total_ = 0;
};

}  // namespace holdfast::properties
