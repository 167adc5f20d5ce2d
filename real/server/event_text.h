#pragma once

// What a member says it did, as lines for an operator.

#include "real/ports/journal.h"
#include "real/ports/trace_ring.h"

namespace holdfast::real {

// Rare, and worth a line in everybody's log.
bool is_for_operators(EventKind kind);

// The words of the event by name; of a kind without names, by number.
Journal::Fields event_fields(const TracedEvent& event);

}  // namespace holdfast::real
