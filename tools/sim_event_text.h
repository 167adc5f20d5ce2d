#pragma once

// What nodes say, in words: events of protocol/events.h and frames of protocol/messages.h.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/codec/codec.h"
#include "protocol/events.h"
#include "protocol/interval_set.h"

namespace holdfast::tools {

// "position 17, ballot 3.0.1, append 5d0e0c1a, learned"; a word too many or too few is shown as it
// is.
std::string words_text(EventKind kind, std::span<const std::uint64_t> words);

// When, which event, its words and its bytes, in columns.
std::string event_line(std::string_view time,
                       EventKind kind,
                       std::span<const std::uint64_t> words,
                       std::string_view bytes);

// How many words the table knows for a kind.
std::size_t words_known(EventKind kind);

// "write #41 ballot 3.0.1, position 17, append of 12 bytes", or why it cannot be read.
std::string frame_text(Codec& codec, std::string_view frame);

// What an event or a frame is about, for filters.
struct Subject {
  // None: of no position, or of the whole log.
  std::optional<Interval> positions;
  std::optional<Ballot> ballot;

  bool operator==(const Subject&) const = default;
};

Subject subject_of(EventKind kind, std::span<const std::uint64_t> words);

// Of a frame that cannot be read: nothing.
Subject subject_of(Codec& codec, std::string_view frame);

// "append 5d0e0c1a of 12 bytes"
std::string value_text(const Value& value);

// "3.0.1": round, incarnation and id, for people only; a bare number if it is one of Mesos.
std::string ballot_text(Ballot ballot);

// Reads what ballot_text() writes.
std::optional<Ballot> parse_ballot(std::string_view text);

std::string_view status_text(Status status);

}  // namespace holdfast::tools
