#include "protocol/action.h"

#include <utility>

#include "protocol/env/hash.h"

namespace holdfast {

Value Value::nop() {
  return {};
}

Value Value::tombstone_for(Position begin_at) {
  Value value;
  value.tombstone = true;
  value.begin_at = begin_at;
  return value;
}

Value Value::append(Payload bytes, IdempotencyKey key) {
  HOLDFAST_REQUIRE(bytes != nullptr);
  Value value;
  value.type = ValueType::kAppend;
  value.checksum = hash_bytes(*bytes);
  value.bytes = std::move(bytes);
  value.key = key;
  return value;
}

Value Value::truncate(Position to) {
  Value value;
  value.type = ValueType::kTruncate;
  value.to = to;
  return value;
}

bool Value::operator==(const Value& other) const {
  if (type != other.type || tombstone != other.tombstone || to != other.to || key != other.key) {
    return false;
  }
  if (type != ValueType::kAppend) return true;
  return bytes == other.bytes || *bytes == *other.bytes;
}

std::uint64_t Value::digest() const {
  switch (type) {
    case ValueType::kNop:
      return tombstone ? 2 : 1;
    case ValueType::kTruncate:
      return mix(3, to.value);
    case ValueType::kAppend:
      return mix(mix(key.client, key.sequence), checksum ? *checksum : hash_bytes(*bytes));
  }
  HOLDFAST_UNREACHABLE("value type");
}

std::optional<Position> begin_from(const Action& action) {
  if (!action.learned) return std::nullopt;
  switch (action.value->type) {
    case ValueType::kTruncate:
      return action.value->to;
    case ValueType::kNop:
      if (action.value->tombstone) return action.position.next();
      return std::nullopt;
    case ValueType::kAppend:
      return std::nullopt;
  }
  HOLDFAST_UNREACHABLE("value type");
}

}  // namespace holdfast
