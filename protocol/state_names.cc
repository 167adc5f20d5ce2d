#include "protocol/state_names.h"

#include "protocol/codec/codec.h"

namespace holdfast {

void add_to(StateHash& hash, const Value& value) {
  hash.add(value.type);
  hash.add(std::uint64_t{value.tombstone});
  hash.add(value.begin_at);
  hash.add(value.to);
  hash.add(std::uint64_t{value.bytes != nullptr});
  if (value.bytes) hash.add(*value.bytes);
  hash.add(value.key.client);
  hash.add(value.key.sequence);
  hash.add(value.checksum);
}

void add_to(StateHash& hash, const Action& action) {
  hash.add(action.position);
  hash.add(action.promised);
  hash.add(action.performed);
  hash.add(std::uint64_t{action.learned});
  hash.add(std::uint64_t{action.value.has_value()});
  if (action.value) add_to(hash, *action.value);
}

void add_to(StateHash& hash, const ChosenUpto& chosen) {
  hash.add(chosen.ballot);
  hash.add(chosen.upto);
}

void add_to(StateHash& hash, const Incarnations& known) {
  hash.add(known.list().size());
  for (const Incarnations::Entry& entry : known.list()) {
    hash.add(entry.member);
    hash.add(entry.registered);
    hash.add(entry.voted);
  }
}

void add_to(StateHash& hash, const Metadata& metadata) {
  hash.add(metadata.status);
  hash.add(metadata.promised);
  hash.add(metadata.cluster);
  hash.add(metadata.log);
  hash.add(metadata.config);
  hash.add(metadata.member);
  hash.add(metadata.incarnation);
  add_to(hash, metadata.known);
  add_to(hash, metadata.settled);
  hash.add(metadata.rounds_reserved);
}

void add_to(StateHash& hash, const Begin& begin) {
  hash.add(begin.position);
  hash.add(begin.made_at);
}

void add_to(StateHash& hash, const Message& message) {
  Envelope envelope;
  envelope.sender = NodeId{1};
  envelope.body = message;
  hash.add(*Codec().encode(envelope));
}

}  // namespace holdfast
