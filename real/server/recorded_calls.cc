#include "real/server/recorded_calls.h"

#include <utility>
#include <variant>

#include "protocol/env/hash.h"

#include "real/client/codec.h"

namespace holdfast::real {
namespace {

constexpr unsigned kKindShift = 48;
constexpr unsigned kReceiverShift = 56;

std::uint64_t low_bits(std::uint64_t hash, unsigned bits) {
  return hash & ((std::uint64_t{1} << bits) - 1);
}

template <typename Kind>
tl::expected<Kind, std::string> record_in(const std::string& bytes, Codec& codec) {
  auto record = codec.decode_record(bytes);
  if (!record) return tl::unexpected(record.error().text);
  Kind* wanted = std::get_if<Kind>(&*record);
  if (wanted == nullptr) return tl::unexpected(std::string("a record of another kind"));
  return std::move(*wanted);
}

}  // namespace

std::uint64_t given_to_write(Codec& codec, const WriteBatch& batch) {
  std::string record;
  std::uint64_t hash = batch.actions.size();
  if (batch.metadata) {
    codec.encode_record(*batch.metadata, record);
    hash = mix(hash, hash_bytes(record));
  }
  for (const Action& action : batch.actions) {
    codec.encode_record(action, record);
    hash = mix(hash, hash_bytes(record));
  }
  return hash;
}

std::uint64_t given_to_read(Position from, Position to, std::size_t bytes_max) {
  return mix(mix(from.value, to.value), bytes_max);
}

std::uint64_t given_to_erase(Position bound, std::size_t records_max) {
  return mix(bound.value, records_max);
}

void set_error(recording::Call& call, const StoreError& error) {
  call.set_error(static_cast<std::uint32_t>(error.kind));
  call.set_error_text(error.text);
}

void set_restored(recording::Call& call, Codec& codec, const Restored& restored) {
  recording::Restored& all = *call.mutable_restored();
  codec.encode_record(restored.metadata, *all.mutable_metadata());
  for (const Action& action : restored.unlearned)
    codec.encode_record(action, *all.add_unlearned());
  all.set_begin(restored.begin.position.value);
  if (restored.begin.made_at) all.set_made_at(restored.begin.made_at->value);
  if (restored.end) all.set_end(restored.end->value);
  if (restored.first) all.set_first(restored.first->value);
  for (const Interval& interval : restored.learned.list()) {
    all.add_learned(interval.first.value);
    all.add_learned(interval.last.value);
  }
  for (const KeyedPosition& keyed : restored.keys) {
    recording::Key& key = *all.add_keys();
    key.set_position(keyed.position.value);
    key.set_client(keyed.key.client);
    key.set_sequence(keyed.key.sequence);
  }
}

void set_records(recording::Call& call, Codec& codec, const std::vector<Action>& actions) {
  for (const Action& action : actions)
    codec.encode_record(action, *call.add_records());
}

StoreError error_in(const recording::Call& call) {
  return {.kind = static_cast<StoreError::Kind>(call.error()), .text = call.error_text()};
}

tl::expected<Restored, std::string> restored_in(const recording::Call& call, Codec& codec) {
  if (!call.has_restored()) return tl::unexpected(std::string("nothing that was found"));
  const recording::Restored& all = call.restored();
  Restored restored;
  auto metadata = record_in<Metadata>(all.metadata(), codec);
  if (!metadata) return tl::unexpected(metadata.error());
  restored.metadata = std::move(*metadata);
  for (const std::string& bytes : all.unlearned()) {
    auto action = record_in<Action>(bytes, codec);
    if (!action) return tl::unexpected(action.error());
    restored.unlearned.push_back(std::move(*action));
  }
  restored.begin.position = Position{all.begin()};
  if (all.has_made_at()) restored.begin.made_at = Position{all.made_at()};
  if (all.has_end()) restored.end = Position{all.end()};
  if (all.has_first()) restored.first = Position{all.first()};
  for (int i = 0; i + 1 < all.learned_size(); i += 2) {
    if (all.learned(i) > all.learned(i + 1)) {
      return tl::unexpected(std::string("an interval that ends before it begins"));
    }
    restored.learned.add(Position{all.learned(i)}, Position{all.learned(i + 1)});
  }
  for (const recording::Key& key : all.keys()) {
    restored.keys.push_back({.position = Position{key.position()},
                             .key = {.client = key.client(), .sequence = key.sequence()}});
  }
  return restored;
}

tl::expected<std::vector<Action>, std::string> records_in(const recording::Call& call,
                                                          Codec& codec) {
  std::vector<Action> actions;
  for (const std::string& bytes : call.records()) {
    auto action = record_in<Action>(bytes, codec);
    if (!action) return tl::unexpected(action.error());
    actions.push_back(std::move(*action));
  }
  return actions;
}

std::uint64_t digest_of_event(EventKind kind,
                              std::initializer_list<std::uint64_t> words,
                              std::string_view bytes) {
  std::uint64_t hash = hash_bytes(bytes);
  for (const std::uint64_t word : words)
    hash = mix(hash, word);
  return static_cast<std::uint64_t>(kind) << kKindShift | low_bits(hash, kKindShift);
}

EventKind kind_of_event(std::uint64_t digest) {
  return static_cast<EventKind>(digest >> kKindShift);
}

std::uint64_t digest_of_send(NodeId to, const Frame& frame) {
  return std::uint64_t{to.value} << kReceiverShift | low_bits(hash_bytes(*frame), kReceiverShift);
}

std::uint64_t digest_of_answer(const Response& response) {
  if (const auto* status = std::get_if<MemberStatus>(&response.body)) {
    MemberStatus of_node = *status;
    of_node.connected = 0;
    return hash_bytes(encode(Response{response.id, of_node}));
  }
  return hash_bytes(encode(response));
}

NodeId receiver_of_send(std::uint64_t digest) {
  return NodeId{static_cast<std::uint8_t>(digest >> kReceiverShift)};
}

}  // namespace holdfast::real
