#pragma once

// Random messages and records for the codec's tests, and equality that looks at every field.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <rapidcheck.h>

#include "protocol/messages.h"
#include "protocol/metadata.h"

namespace holdfast::codec {

// All magnitudes alike, so that every length of a varint occurs.
inline rc::Gen<std::uint64_t> any_number() {
  return rc::gen::resize(rc::kNominalSize,
                         rc::gen::apply([](std::uint64_t bits, int shift) { return bits >> shift; },
                                        rc::gen::arbitrary<std::uint64_t>(),
                                        rc::gen::inRange(0, 64)));
}

inline std::uint64_t pick_number() {
  return *any_number();
}

inline bool pick_bool() {
  return *rc::gen::arbitrary<bool>();
}

template <typename T>
T pick_of(std::vector<T> from) {
  return *rc::gen::elementOf(from);
}

inline Position pick_position() {
  const std::uint64_t n = pick_number();
  return n > Position::max().value ? Position::max() : Position{n};
}

inline std::optional<Position> pick_maybe_position() {
  if (!pick_bool()) return std::nullopt;
  return pick_position();
}

inline Payload pick_payload() {
  return std::make_shared<const std::string>(*rc::gen::arbitrary<std::string>());
}

inline Value pick_value(Position at) {
  switch (pick_of<int>({0, 1, 2, 3})) {
    case 0:
      return Value::nop();
    case 1: {
      if (at == Position::max()) return Value::nop();
      Value value = Value::tombstone_for(pick_position());
      if (pick_bool()) value.begin_at.reset();
      return value;
    }
    case 2:
      return Value::truncate(pick_position());
    default: {
      Payload bytes = pick_payload();
      IdempotencyKey key;
      key.client = pick_number();
      key.sequence = pick_number();
      Value value = Value::append(std::move(bytes), key);
      if (pick_bool()) value.checksum.reset();
      return value;
    }
  }
}

inline Action pick_learned(Position at) {
  Action action;
  action.position = at;
  action.promised = {pick_number()};
  action.performed = {pick_number()};
  action.learned = true;
  action.value = pick_value(at);
  return action;
}

inline Action pick_action(Position at) {
  if (pick_bool()) return pick_learned(at);
  Action action;
  action.position = at;
  action.promised = {pick_number()};
  if (pick_bool()) return action;
  action.performed = {std::min(action.promised.value, pick_number())};
  action.value = pick_value(at);
  return action;
}

inline Incarnation pick_incarnation() {
  return {static_cast<std::uint16_t>(pick_number())};
}

inline NodeId pick_member() {
  return {static_cast<std::uint8_t>(1 + pick_number() % 255)};
}

inline Incarnations pick_incarnations() {
  Incarnations known;
  for (const std::uint8_t id : *rc::gen::arbitrary<std::vector<std::uint8_t>>())
    if (id != 0) known.raise(NodeId{id}, pick_incarnation());
  for (const std::uint8_t id : *rc::gen::arbitrary<std::vector<std::uint8_t>>())
    if (id != 0) known.raise_voted({id}, std::min(pick_incarnation(), known.of({id})));
  return known;
}

inline Status pick_status() {
  return pick_of<Status>({Status::kVoting, Status::kRecovering, Status::kStarting, Status::kEmpty});
}

inline Metadata pick_metadata() {
  Metadata metadata;
  metadata.status = pick_status();
  metadata.promised = {pick_number()};
  metadata.cluster = pick_number();
  metadata.log = pick_number();
  metadata.config = pick_number();
  if (pick_bool()) metadata.member = pick_member();
  metadata.incarnation = pick_incarnation();
  metadata.rounds_reserved = pick_number();
  metadata.settled = {{pick_number()}, pick_position()};
  metadata.known = pick_incarnations();
  return metadata;
}

inline Begin pick_begin() {
  Begin begin;
  begin.position = pick_position();
  begin.made_at = pick_maybe_position();
  return begin;
}

inline Answer pick_answer() {
  return pick_of<Answer>({Answer::kAccept, Answer::kReject, Answer::kIgnored, Answer::kTruncated});
}

inline PromiseReply pick_promise_reply() {
  PromiseReply reply;
  reply.answer = pick_answer();
  reply.ballot = {pick_number()};
  reply.position = pick_maybe_position();
  reply.end = pick_position();
  reply.begin = pick_begin();
  if (reply.answer == Answer::kAccept && reply.position && pick_bool()) {
    reply.action = pick_learned(*reply.position);
  }
  return reply;
}

inline WriteReply pick_write_reply() {
  WriteReply reply;
  reply.answer = pick_answer();
  reply.ballot = {pick_number()};
  reply.position = pick_position();
  reply.begin = pick_begin();
  if (reply.answer != Answer::kAccept) return reply;
  if (pick_bool()) {
    reply.learned = pick_learned(reply.position);
  } else {
    reply.more = *rc::gen::inRange<std::uint64_t>(0, WriteRequest::kPositionsMax);
    reply.more = std::min(reply.more, Position::max().value - reply.position.value);
  }
  return reply;
}

inline FetchReply pick_fetch_reply() {
  FetchReply reply;
  reply.from = {pick_position().value / 2};
  reply.begin = pick_begin();
  reply.upto = {reply.from.value - 1};
  for (const std::uint8_t gap : *rc::gen::arbitrary<std::vector<std::uint8_t>>()) {
    const Position at = reply.upto + 1 + gap;
    reply.actions.push_back(pick_learned(at));
    reply.upto = at;
  }
  return reply;
}

inline RecoverReply pick_recover_reply() {
  RecoverReply reply;
  reply.status = pick_status();
  reply.begin = pick_begin();
  reply.end = pick_position();
  reply.promised = {pick_number()};
  return reply;
}

inline Heartbeat pick_heartbeat() {
  Heartbeat heartbeat;
  heartbeat.ballot = {pick_number()};
  heartbeat.elected = pick_bool();
  return heartbeat;
}

inline HeartbeatReply pick_heartbeat_reply() {
  HeartbeatReply reply;
  reply.promised = {pick_number()};
  reply.ready = pick_bool();
  return reply;
}

inline CanvassReply pick_canvass_reply() {
  CanvassReply reply;
  reply.supports = pick_bool();
  reply.promised = {pick_number()};
  if (pick_bool()) reply.coordinator = pick_member();
  reply.ballot = {pick_number()};
  return reply;
}

inline Message pick_message(std::size_t kind) {
  switch (kind) {
    case 0: {
      PromiseRequest request;
      request.ballot = {pick_number()};
      request.position = pick_maybe_position();
      if (!request.position) request.settles = pick_maybe_position();
      return request;
    }
    case 1:
      return pick_promise_reply();
    case 2: {
      WriteRequest request;
      request.ballot = {pick_number()};
      request.position = pick_position();
      request.value = pick_value(request.position);
      for (int more = *rc::gen::inRange(0, 4); more > 0 && request.last() < Position::max(); --more)
        request.rest.push_back(pick_value(request.last().next()));
      return request;
    }
    case 3:
      return pick_write_reply();
    case 4:
      return Learned{pick_learned(pick_position())};
    case 5: {
      FetchRequest request;
      request.from = pick_position();
      request.to = pick_position();
      return request;
    }
    case 6:
      return pick_fetch_reply();
    case 7:
      // A number of 0 registers nothing.
      if (pick_bool()) return RecoverRequest{};
      return RecoverRequest{Incarnation{static_cast<std::uint16_t>(pick_number() | 1)},
                            pick_bool()};
    case 8:
      return pick_recover_reply();
    case 9:
      return ChosenNotice{};
    case 10:
      return pick_heartbeat();
    case 11:
      return pick_heartbeat_reply();
    case 12:
      return CanvassRequest{};
    case 13:
      return pick_canvass_reply();
    case 14:
      return HandOver{{pick_number()}};
    default:
      return CloseRequest{pick_position()};
  }
}

inline Envelope pick_envelope(std::size_t kind) {
  Envelope envelope;
  envelope.cluster = pick_number();
  envelope.log = pick_number();
  envelope.config = pick_number();
  envelope.sender = pick_member();
  envelope.incarnation = pick_incarnation();
  envelope.boot = {pick_number()};
  envelope.echo = {pick_number()};
  envelope.request = {pick_number()};
  envelope.chosen.ballot = {pick_number()};
  envelope.chosen.upto = pick_position();
  envelope.known = pick_incarnations();
  envelope.body = pick_message(kind);
  return envelope;
}

inline bool same(const Value& a, const Value& b) {
  return a == b && a.begin_at == b.begin_at && a.checksum == b.checksum;
}

inline bool same(const Action& a, const Action& b) {
  return a == b && (!a.value || same(*a.value, *b.value));
}

inline bool same(const std::optional<Action>& a, const std::optional<Action>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

inline bool same(const PromiseRequest& a, const PromiseRequest& b) {
  return a.ballot == b.ballot && a.position == b.position && a.settles == b.settles;
}

inline bool same(const PromiseReply& a, const PromiseReply& b) {
  return a.answer == b.answer && a.ballot == b.ballot && a.position == b.position &&
         a.end == b.end && a.begin == b.begin && same(a.action, b.action);
}

inline bool same(const WriteRequest& a, const WriteRequest& b) {
  if (a.rest.size() != b.rest.size()) return false;
  for (std::size_t i = 0; i < a.rest.size(); ++i)
    if (!same(a.rest[i], b.rest[i])) return false;
  return a.ballot == b.ballot && a.position == b.position && same(a.value, b.value);
}

inline bool same(const WriteReply& a, const WriteReply& b) {
  return a.answer == b.answer && a.ballot == b.ballot && a.position == b.position &&
         a.begin == b.begin && same(a.learned, b.learned) && a.more == b.more;
}

inline bool same(const Learned& a, const Learned& b) {
  return same(a.action, b.action);
}

inline bool same(const FetchRequest& a, const FetchRequest& b) {
  return a.from == b.from && a.to == b.to;
}

inline bool same(const FetchReply& a, const FetchReply& b) {
  if (a.from != b.from || a.upto != b.upto || a.begin != b.begin) return false;
  if (a.actions.size() != b.actions.size()) return false;
  for (std::size_t i = 0; i < a.actions.size(); ++i)
    if (!same(a.actions[i], b.actions[i])) return false;
  return true;
}

inline bool same(const RecoverRequest& a, const RecoverRequest& b) {
  return a.registering == b.registering && a.about_to_vote == b.about_to_vote;
}

inline bool same(const RecoverReply& a, const RecoverReply& b) {
  return a.status == b.status && a.begin == b.begin && a.end == b.end && a.promised == b.promised;
}

inline bool same(const ChosenNotice&, const ChosenNotice&) {
  return true;
}

inline bool same(const Heartbeat& a, const Heartbeat& b) {
  return a.ballot == b.ballot && a.elected == b.elected;
}

inline bool same(const HeartbeatReply& a, const HeartbeatReply& b) {
  return a.promised == b.promised && a.ready == b.ready;
}

inline bool same(const CanvassRequest&, const CanvassRequest&) {
  return true;
}

inline bool same(const CanvassReply& a, const CanvassReply& b) {
  return a.supports == b.supports && a.promised == b.promised && a.coordinator == b.coordinator &&
         a.ballot == b.ballot;
}

inline bool same(const HandOver& a, const HandOver& b) {
  return a.ballot == b.ballot;
}

inline bool same(const CloseRequest& a, const CloseRequest& b) {
  return a.upto == b.upto;
}

inline bool same(const Envelope& a, const Envelope& b) {
  const auto head = [](const Envelope& e) {
    return std::tie(e.cluster,
                    e.log,
                    e.config,
                    e.sender,
                    e.incarnation,
                    e.boot,
                    e.echo,
                    e.request,
                    e.chosen,
                    e.known);
  };
  if (head(a) != head(b) || a.body.index() != b.body.index()) return false;
  return std::visit(
      [&](const auto& body) {
        return same(body, std::get<std::remove_cvref_t<decltype(body)>>(b.body));
      },
      a.body);
}

}  // namespace holdfast::codec
