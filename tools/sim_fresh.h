#pragma once

// The same run in a process of its own: a new image, new addresses, nothing left over from earlier
// runs.

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "sim/determinism.h"

namespace holdfast::tools {

// Which run: a seed or a file, and the arguments of `replay` that choose the rest.
struct FreshRun {
  std::string what;
  std::vector<std::string> arguments;
};

// The fingerprint that a new process finds.  An error says how that process ended.
tl::expected<std::uint64_t, std::string> fingerprint_afresh(const FreshRun& run);

// All events as a new process sees them.
tl::expected<sim::EventLog, std::string> events_afresh(const FreshRun& run);

}  // namespace holdfast::tools
