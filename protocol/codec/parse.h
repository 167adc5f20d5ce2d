#pragma once

// Protocol Buffers messages into our structs, refusing whatever is not exactly understood.

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/codec/codec.h"
#include "protocol/codec/log.pb.h"
#include "protocol/codec/wire.pb.h"

namespace holdfast::codec {

// What becomes of the bytes of an append.
enum class Payloads : std::uint8_t {
  kTake,  // moved out of the scratch message
  kDrop,  // an empty payload stands for them
};

// What an action may lack that we would never leave out ourselves.
enum class Origin : std::uint8_t {
  kMember,  // a frame: written by this code
  kDisk,    // a record: perhaps written by Mesos, which accepts a write without raising `promised`
};

// Every parse function returns false, with `text` set, at the first thing that is wrong.  Text is
// made on that path only.
class Parser {
 public:
  explicit Parser(Payloads payloads, Origin origin) : payloads_(payloads), origin_(origin) {}

  bool record(log::Record& in, Record& out, RecordMark& mark);
  bool envelope(wire::Envelope& in, Envelope& out);

  std::string take_text() { return std::move(text_); }

 private:
  using KnownField = google::protobuf::RepeatedPtrField<log::Known>;

  bool fail(std::string_view where, std::string_view field, std::string_view why);
  bool number_fail(std::string_view where, std::string_view field, std::uint64_t value);

  // A newer release's field would be lost when the record is written again.
  template <typename M>
  bool understood(const M& in, std::string_view where) {
    return in.unknown_fields().empty() ||
           fail(where, "", "holds a field or an enumerator this release does not know");
  }

  bool present(bool has, std::string_view where, std::string_view field) {
    return has || fail(where, field, "is missing");
  }

  bool position(std::uint64_t in, std::string_view where, std::string_view field, Position& out) {
    out.value = in;
    return out <= Position::max() || number_fail(where, field, in);
  }

  bool member(std::uint32_t in, std::string_view where, std::string_view field, NodeId& out);
  bool incarnation(std::uint32_t in,
                   std::string_view where,
                   std::string_view field,
                   Incarnation& out);
  bool begin(const wire::Begin& in, std::string_view where, Begin& out);
  bool action(log::Action& in, std::string_view where, Action& out);
  bool learned_action(log::Action& in, std::string_view where, Action& out);
  bool metadata(const log::Metadata& in, Metadata& out);
  bool mark(const log::Record& in, const Action& action, RecordMark& out);
  bool known(const KnownField& in, std::string_view where, Incarnations& out);
  bool append(log::Append& in, std::string_view where, Value& out);
  bool nop(const log::Nop& in, std::string_view where, Value& out);

  template <typename Slot>
  bool value(Slot& in, std::string_view where, Value& out);
  bool tombstone_fits(Position at, const Value& value, std::string_view where);

  bool head(const wire::Envelope& in, Envelope& out);
  bool body(wire::Envelope& in, Envelope& out);
  bool promise_request(const wire::PromiseRequest& in, PromiseRequest& out);
  bool promise_reply(wire::PromiseReply& in, PromiseReply& out);
  bool write_request(wire::WriteRequest& in, WriteRequest& out);
  bool rest(google::protobuf::RepeatedPtrField<wire::Written>& in, WriteRequest& out);
  bool write_reply(wire::WriteReply& in, WriteReply& out);
  bool fetch_request(const wire::FetchRequest& in, FetchRequest& out);
  bool fetch_reply(wire::FetchReply& in, FetchReply& out);
  bool recover_request(const wire::RecoverRequest& in, RecoverRequest& out);
  bool recover_reply(const wire::RecoverReply& in, RecoverReply& out);
  bool elector_body(const wire::Envelope& in, Envelope& out);
  bool heartbeat(const wire::Heartbeat& in, Heartbeat& out);
  bool heartbeat_reply(const wire::HeartbeatReply& in, HeartbeatReply& out);
  bool canvass_reply(const wire::CanvassReply& in, CanvassReply& out);
  bool hand_over(const wire::HandOver& in, HandOver& out);

  Payloads payloads_;
  Origin origin_;
  std::string text_;
};

template <typename Slot>
bool Parser::value(Slot& in, std::string_view where, Value& out) {
  const int carried = in.has_nop() + in.has_append() + in.has_truncate();
  switch (in.type()) {
    case log::Action::NOP:
      if (carried != 1 || !in.has_nop()) break;
      out.type = ValueType::kNop;
      return nop(in.nop(), where, out);
    case log::Action::APPEND:
      if (carried != 1 || !in.has_append()) break;
      out.type = ValueType::kAppend;
      return append(*in.mutable_append(), where, out);
    case log::Action::TRUNCATE:
      if (carried != 1 || !in.has_truncate()) break;
      out.type = ValueType::kTruncate;
      return understood(in.truncate(), where) &&
             present(in.truncate().has_to(), where, "truncate.to") &&
             position(in.truncate().to(), where, "truncate.to", out.to);
  }
  return fail(where, "type", "does not say which value follows, or another one follows");
}

}  // namespace holdfast::codec
