#pragma once

// The one place where messages and records become bytes and back (Protocol Buffers;
// log.proto is the Mesos schema plus our fields, wire.proto the envelope).
//
// A decoder refuses what it does not understand and says why; it never guesses and never aborts.

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <tl/expected.hpp>

#include "protocol/env/network.h"

#include "protocol/messages.h"
#include "protocol/metadata.h"

namespace holdfast {

struct CodecError {
  std::string text;
};

// A Mesos PROMISE record (before 0.17): the replica was voting and had promised `promised`.
struct LegacyPromise {
  Ballot promised;
};

using Record = std::variant<Metadata, Action, LegacyPromise>;

// What the record of an action says besides (docs/log_format.md): a vote that turned out to be
// chosen is not written once more; the next record above it tells.
struct RecordMark {
  // The records of positions below it hold what is learned, unless they are `alone`.  At most the
  // position after the action's.
  Position learned_below{};
  // Its action is not learned, whatever other records say.
  bool alone = false;

  bool operator==(const RecordMark&) const = default;
};

// Keeps its scratch messages between calls; belongs to one thread.
class Codec {
 public:
  Codec();
  ~Codec();

  // A frame: 8 bytes XXH3-64 (little endian) of the rest, then the serialized envelope.
  Frame encode(const Envelope& envelope);

  // Verifies the checksum first.  Payloads are copied out of `frame`.
  tl::expected<Envelope, CodecError> decode(std::string_view frame);

  // The value of a LevelDB entry.  The string is replaced, its capacity reused.
  void encode_record(const Action& action, std::string& out, const RecordMark& mark = {});
  void encode_record(const Metadata& metadata, std::string& out);

  // Also verifies the checksum of an append's payload, if it has one.  A record of Mesos that was
  // performed above its promise is read as promised that far, which is always safe.
  // `mark` is set if it is wanted and the record is an action's.
  tl::expected<Record, CodecError> decode_record(std::string_view bytes,
                                                 RecordMark* mark = nullptr);

  // The same, with the same verification, but an empty payload stands for every append's: for
  // scans that only need to know what is there.
  tl::expected<Record, CodecError> outline_record(std::string_view bytes,
                                                  RecordMark* mark = nullptr);

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace holdfast
