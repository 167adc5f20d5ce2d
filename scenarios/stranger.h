#pragma once

// A frame that reaches a member from somewhere it does not belong to: another cluster on the same
// network, another log, another member list, or a process that is no member at all.

#include <cstdint>

#include "protocol/env/network.h"

#include "protocol/options.h"
#include "protocol/types.h"

namespace holdfast::scenarios {

// A well-formed frame as a member of `options` would send it, but for one thing that makes it
// foreign; `draw` chooses which, and what it says of a position `near` the end.  What it says would
// do harm where it is believed: a promise of the highest ballot, a value that nobody chose,
// everything truncated.
Frame strange_frame(const NodeOptions& options, Position near, std::uint64_t draw);

}  // namespace holdfast::scenarios
