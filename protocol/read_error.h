#pragma once

// Why a read, or a call that says how far a read may go, did not succeed.

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/types.h"

namespace holdfast {

struct ReadError {
  enum class Kind : std::uint8_t {
    // Of read().
    kBadRange,   // to < from
    kTruncated,  // from < beginning(), or the log was truncated past `from` during the read
    kPastEnd,    // to > ending()
    kPending,    // a position is written but not yet known to be chosen
    kMissing,    // a position has no record here: catch up first
    // Of the calls that ask other members.
    kNotVoting,    // this member does not vote and cannot tell what is chosen
    kNoQuorum,     // fewer than a quorum of VOTING members answered in time
    kNotCaughtUp,  // not everything wanted was learned in time
  };

  Kind kind;
  // The first position concerned.
  Position position;

  // Names the position, and what to do where anything can be done.
  std::string text() const;
};

// The same without the position.
std::string_view read_error_text(ReadError::Kind kind);

}  // namespace holdfast
