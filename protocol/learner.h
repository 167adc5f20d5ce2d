#pragma once

// What a replica does when it is told that a position is chosen, as a plain function.

#include <cstdint>
#include <optional>

#include "protocol/messages.h"

namespace holdfast {

struct LearnerView {
  Begin begin;
  // The position is learned already.
  bool learned = false;
};

enum class LearnStep : std::uint8_t {
  kDrop,   // truncated here: storing it would bring a deleted record back (D10)
  kKnown,  // learned already: learned actions of one position never differ above begin
  kStore,  // learn it; the mark may wait for the next commit
  // As kStore, but it moves begin: it must be durable before begin is shown to anybody.
  kStoreBegin,
};

// Requires: action.learned.
[[nodiscard]] LearnStep on_learned(const LearnerView& view, const Action& action);

// The record by which a replica skips the prefix that another one says is truncated: a learned
// tombstone at begin - 1.  None when `begin` moves nothing here.
[[nodiscard]] std::optional<Action> tombstone_for(const Begin& begin, const Begin& local);

}  // namespace holdfast
