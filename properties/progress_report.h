#pragma once

// What a reader of a liveness failure asks first: in which state is every node, what did it do
// last, and what does it wait for?

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "properties/facts.h"

namespace holdfast::properties {

struct NodeReport {
  NodeId node;
  bool live = false;
  std::optional<Status> status;
  Position begin;
  // The lowest position from begin that it has not learned.
  Position frontier;
  std::string_view last_event;
  std::uint64_t last_seq = 0;
  std::int64_t last_time_ns = 0;
  // Its unfinished election, catch-up and client operations, oldest first; "nothing".
  std::string waits_for;
};

// One row per member, ascending.
std::vector<NodeReport> progress_report(const Facts& facts);

// One line per row.
std::string to_text(const std::vector<NodeReport>& report);

// "unknown" for none and for a number that is no status.
std::string_view status_name(std::optional<Status> status);

}  // namespace holdfast::properties
