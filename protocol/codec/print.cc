#include "protocol/codec/print.h"

#include <type_traits>
#include <variant>

namespace holdfast::codec {

namespace {

void print_append(const Value& value, log::Append& out) {
  HOLDFAST_REQUIRE(value.bytes != nullptr);
  out.set_bytes(*value.bytes);
  if (value.checksum) out.set_checksum(*value.checksum);
  if (value.key.client != 0) out.set_client(value.key.client);
  if (value.key.sequence != 0) out.set_sequence(value.key.sequence);
}

// `Slot` is a message with the fields type, nop, append and truncate.
template <typename Slot>
void print_value(const Value& value, Slot& out) {
  switch (value.type) {
    case ValueType::kNop: {
      out.set_type(log::Action::NOP);
      log::Nop& nop = *out.mutable_nop();
      if (value.tombstone) nop.set_tombstone(true);
      if (value.begin_at) nop.set_begin_at(value.begin_at->value);
      return;
    }
    case ValueType::kAppend:
      out.set_type(log::Action::APPEND);
      print_append(value, *out.mutable_append());
      return;
    case ValueType::kTruncate:
      out.set_type(log::Action::TRUNCATE);
      out.mutable_truncate()->set_to(value.to.value);
      return;
  }
  HOLDFAST_UNREACHABLE("value type");
}

void print_begin(const Begin& begin, wire::Begin& out) {
  out.set_position(begin.position.value);
  if (begin.made_at) out.set_made_at(begin.made_at->value);
}

bool says_something(const Begin& begin) {
  return begin.position.value != 0 || begin.made_at.has_value();
}

wire::Answer wire_answer(Answer answer) {
  return static_cast<wire::Answer>(answer);
}

void print_body(const PromiseRequest& m, wire::Envelope& envelope) {
  wire::PromiseRequest& out = *envelope.mutable_promise_request();
  out.set_ballot(m.ballot.value);
  if (m.position) out.set_position(m.position->value);
  if (m.settles) out.set_settles(m.settles->value);
}

void print_body(const PromiseReply& m, wire::Envelope& envelope) {
  wire::PromiseReply& out = *envelope.mutable_promise_reply();
  out.set_answer(wire_answer(m.answer));
  out.set_ballot(m.ballot.value);
  if (m.position) out.set_position(m.position->value);
  if (m.end.value != 0) out.set_end(m.end.value);
  if (m.action) print(*m.action, *out.mutable_action());
  if (says_something(m.begin)) print_begin(m.begin, *out.mutable_begin());
}

void print_body(const WriteRequest& m, wire::Envelope& envelope) {
  wire::WriteRequest& out = *envelope.mutable_write_request();
  out.set_ballot(m.ballot.value);
  out.set_position(m.position.value);
  print_value(m.value, out);
  for (const Value& value : m.rest)
    print_value(value, *out.add_rest());
}

void print_body(const WriteReply& m, wire::Envelope& envelope) {
  wire::WriteReply& out = *envelope.mutable_write_reply();
  out.set_answer(wire_answer(m.answer));
  out.set_ballot(m.ballot.value);
  out.set_position(m.position.value);
  if (m.learned) print(*m.learned, *out.mutable_learned());
  if (m.more != 0) out.set_more(m.more);
  if (says_something(m.begin)) print_begin(m.begin, *out.mutable_begin());
}

void print_body(const Learned& m, wire::Envelope& envelope) {
  HOLDFAST_REQUIRE(m.action.learned, m.action.position);
  print(m.action, *envelope.mutable_learned()->mutable_action());
}

void print_body(const FetchRequest& m, wire::Envelope& envelope) {
  wire::FetchRequest& out = *envelope.mutable_fetch_request();
  out.set_from(m.from.value);
  out.set_to(m.to.value);
}

void print_body(const FetchReply& m, wire::Envelope& envelope) {
  wire::FetchReply& out = *envelope.mutable_fetch_reply();
  out.set_from(m.from.value);
  out.set_count(m.upto < m.from ? 0 : m.upto.value - m.from.value + 1);
  for (const Action& action : m.actions)
    print(action, *out.add_actions());
  if (says_something(m.begin)) print_begin(m.begin, *out.mutable_begin());
}

void print_body(const RecoverRequest& m, wire::Envelope& envelope) {
  wire::RecoverRequest& out = *envelope.mutable_recover_request();
  HOLDFAST_REQUIRE(m.registering.has_value() || !m.about_to_vote);
  if (m.registering) out.set_registering(m.registering->value);
  if (m.about_to_vote) out.set_about_to_vote(true);
}

void print_body(const RecoverReply& m, wire::Envelope& envelope) {
  wire::RecoverReply& out = *envelope.mutable_recover_reply();
  out.set_status(static_cast<log::Metadata::Status>(m.status));
  if (says_something(m.begin)) print_begin(m.begin, *out.mutable_begin());
  if (m.end.value != 0) out.set_end(m.end.value);
  if (m.promised.value != 0) out.set_promised(m.promised.value);
}

void print_body(const ChosenNotice&, wire::Envelope& envelope) {
  envelope.mutable_chosen_notice();
}

void print_body(const Heartbeat& m, wire::Envelope& envelope) {
  wire::Heartbeat& out = *envelope.mutable_heartbeat();
  out.set_ballot(m.ballot.value);
  if (m.elected) out.set_elected(true);
}

void print_body(const HeartbeatReply& m, wire::Envelope& envelope) {
  wire::HeartbeatReply& out = *envelope.mutable_heartbeat_reply();
  if (m.promised.value != 0) out.set_promised(m.promised.value);
  if (m.ready) out.set_ready(true);
}

void print_body(const CanvassRequest&, wire::Envelope& envelope) {
  envelope.mutable_canvass_request();
}

void print_body(const CanvassReply& m, wire::Envelope& envelope) {
  wire::CanvassReply& out = *envelope.mutable_canvass_reply();
  if (m.supports) out.set_supports(true);
  if (m.promised.value != 0) out.set_promised(m.promised.value);
  if (m.coordinator.value != 0) out.set_coordinator(m.coordinator.value);
  if (m.ballot.value != 0) out.set_ballot(m.ballot.value);
}

void print_body(const HandOver& m, wire::Envelope& envelope) {
  envelope.mutable_hand_over()->set_ballot(m.ballot.value);
}

void print_body(const CloseRequest& m, wire::Envelope& envelope) {
  envelope.mutable_close_request()->set_upto(m.upto.value);
}

// `Holder` is a message with a field known.
template <typename Holder>
void print_known(const Incarnations& known, Holder& out) {
  for (const auto& [member, registered, voted] : known.list()) {
    log::Known& entry = *out.add_known();
    entry.set_member(member.value);
    entry.set_incarnation(registered.value);
    if (voted != registered) entry.set_voted(voted.value);
  }
}

}  // namespace

void print(const Action& action, log::Action& out) {
  HOLDFAST_REQUIRE(action.position <= Position::max(), action.position);
  HOLDFAST_REQUIRE(action.value.has_value() || !action.learned, action.position);
  out.set_position(action.position.value);
  out.set_promised(action.promised.value);
  if (!action.value) return;
  out.set_performed(action.performed.value);
  if (action.learned) out.set_learned(true);
  print_value(*action.value, out);
}

void print(const Metadata& metadata, log::Metadata& out) {
  out.set_status(static_cast<log::Metadata::Status>(metadata.status));
  out.set_promised(metadata.promised.value);
  if (metadata.cluster != 0) out.set_cluster(metadata.cluster);
  if (metadata.log != 0) out.set_log(metadata.log);
  if (metadata.config != 0) out.set_config(metadata.config);
  if (metadata.member.value != 0) out.set_member(metadata.member.value);
  if (metadata.incarnation.value != 0) out.set_incarnation(metadata.incarnation.value);
  print_known(metadata.known, out);
  if (metadata.rounds_reserved != 0) out.set_rounds_reserved(metadata.rounds_reserved);
  if (metadata.settled.ballot.value != 0) out.set_settled_ballot(metadata.settled.ballot.value);
  if (metadata.settled.upto.value != 0) out.set_settled_upto(metadata.settled.upto.value);
}

void print(const Envelope& envelope, wire::Envelope& out) {
  out.set_cluster(envelope.cluster);
  out.set_log(envelope.log);
  out.set_config(envelope.config);
  out.set_sender(envelope.sender.value);
  if (envelope.incarnation.value != 0) out.set_incarnation(envelope.incarnation.value);
  out.set_boot(envelope.boot.value);
  if (envelope.echo.value != 0) out.set_echo(envelope.echo.value);
  if (envelope.request.value != 0) out.set_request(envelope.request.value);
  if (envelope.chosen.ballot.value != 0) out.set_chosen_ballot(envelope.chosen.ballot.value);
  if (envelope.chosen.upto.value != 0) out.set_chosen_upto(envelope.chosen.upto.value);
  print_known(envelope.known, out);
  std::visit([&](const auto& body) { print_body(body, out); }, envelope.body);
}

}  // namespace holdfast::codec
