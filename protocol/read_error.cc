#include "protocol/read_error.h"

namespace holdfast {

std::string_view read_error_text(ReadError::Kind kind) {
  using Kind = ReadError::Kind;
  switch (kind) {
    case Kind::kBadRange:
      return "bad read range: it ends before it begins";
    case Kind::kTruncated:
      return "bad read range: truncated position";
    case Kind::kPastEnd:
      return "bad read range: past the end of the log";
    case Kind::kPending:
      return "bad read range: includes a pending entry";
    case Kind::kMissing:
      return "bad read range: includes a missing entry; catch up first";
    case Kind::kNotVoting:
      return "this member does not vote and cannot tell what is chosen";
    case Kind::kNoQuorum:
      return "fewer than a quorum of voting members answered in time";
    case Kind::kNotCaughtUp:
      return "could not learn in time what is wanted";
  }
  HOLDFAST_UNREACHABLE("read error");
}

std::string ReadError::text() const {
  return std::string(read_error_text(kind)) + " (position " + std::to_string(position.value) + ")";
}

}  // namespace holdfast
