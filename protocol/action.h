#pragma once

// What a replica stores for one position.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/types.h"

namespace holdfast {

// Bytes of a client, immutable and shared between the messages and records that carry them.
using Payload = std::shared_ptr<const std::string>;

enum class ValueType : std::uint8_t {
  kNop = 1,
  kAppend = 2,
  kTruncate = 3,
};

// Names one append of one client for ever; {0, 0} is none.
struct IdempotencyKey {
  std::uint64_t client = 0;
  std::uint64_t sequence = 0;

  auto operator<=>(const IdempotencyKey&) const = default;
};

// What Paxos chooses at a position.  Made only by the functions below, so that fields a type does
// not use are always zero.
struct Value {
  ValueType type = ValueType::kNop;

  // kNop only.  The position was truncated: so was every one below it.
  bool tombstone = false;
  // Tombstones only: the position of the TRUNCATE that made `begin`.  A Mesos tombstone has none.
  std::optional<Position> begin_at;

  // kTruncate only: the first position kept.
  Position to;

  // kAppend only; never null there.
  Payload bytes;
  IdempotencyKey key;
  // kAppend only: hash_bytes of `bytes` as the client gave them, checked by readers.  None in a
  // record that Mesos wrote.
  std::optional<std::uint64_t> checksum;

  static Value nop();
  static Value tombstone_for(Position begin_at);
  static Value append(Payload bytes, IdempotencyKey key);
  static Value truncate(Position to);

  // Equal in everything a client can see; payloads are compared by their bytes.
  bool operator==(const Value& other) const;

  // Names the value in events: equal values have equal digests.
  std::uint64_t digest() const;

  // Bytes of memory this value holds, for limits.
  std::size_t size() const { return bytes ? bytes->size() : 0; }
};

// Everything known of one position.
// Invariants: performed <= promised while not learned; performed iff value; learned implies value.
struct Action {
  Position position;
  // No write below this ballot is accepted here.
  Ballot promised{};
  // The ballot under which `value` was last accepted; 0 when none was.
  Ballot performed{};
  // The value is chosen: final.
  bool learned = false;
  std::optional<Value> value{};

  bool operator==(const Action&) const = default;
};

// The first position that a learned action keeps, or none when it truncates nothing.
std::optional<Position> begin_from(const Action& action);

}  // namespace holdfast
