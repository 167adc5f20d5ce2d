// Records, and the actions that both records and messages carry.

#include <algorithm>
#include <memory>
#include <utility>

#include "protocol/env/hash.h"

#include "protocol/codec/parse.h"

namespace holdfast::codec {

bool Parser::fail(std::string_view where, std::string_view field, std::string_view why) {
  text_ = where;
  if (!field.empty()) text_.append(".").append(field);
  text_.append(" ").append(why);
  return false;
}

bool Parser::number_fail(std::string_view where, std::string_view field, std::uint64_t value) {
  return fail(where, field, "is " + std::to_string(value) + ", which is out of range");
}

bool Parser::member(std::uint32_t in, std::string_view where, std::string_view field, NodeId& out) {
  if (in < 1 || in > 255) return number_fail(where, field, in);
  out.value = static_cast<std::uint8_t>(in);
  return true;
}

bool Parser::incarnation(std::uint32_t in,
                         std::string_view where,
                         std::string_view field,
                         Incarnation& out) {
  if (in > 0xffff) return number_fail(where, field, in);
  out.value = static_cast<std::uint16_t>(in);
  return true;
}

bool Parser::nop(const log::Nop& in, std::string_view where, Value& out) {
  if (!understood(in, where)) return false;
  out.tombstone = in.tombstone();
  if (!in.has_begin_at()) return true;
  if (!out.tombstone) return fail(where, "nop.begin_at", "belongs to tombstones only");
  return position(in.begin_at(), where, "nop.begin_at", out.begin_at.emplace());
}

bool Parser::append(log::Append& in, std::string_view where, Value& out) {
  if (!understood(in, where) || !present(in.has_bytes(), where, "append.bytes")) return false;
  out.key = {in.client(), in.sequence()};
  if (in.has_checksum()) out.checksum = in.checksum();
  // A frame has a checksum of its own, and readers verify this one end to end.
  if (origin_ == Origin::kDisk && out.checksum && hash_bytes(in.bytes()) != *out.checksum) {
    return fail(where, "append.bytes", "does not match its checksum");
  }
  switch (payloads_) {
    case Payloads::kTake:
      out.bytes = std::make_shared<const std::string>(std::move(*in.mutable_bytes()));
      return true;
    case Payloads::kDrop: {
      static const Payload nothing = std::make_shared<const std::string>();
      out.bytes = nothing;
      return true;
    }
  }
  HOLDFAST_UNREACHABLE("payloads");
}

bool Parser::tombstone_fits(Position at, const Value& value, std::string_view where) {
  // The TRUNCATE that made it lies above; and `begin` becomes the next position, which must be one.
  return !value.tombstone || at < Position::max() ||
         fail(where, "nop.tombstone", "stands at the largest position");
}

bool Parser::action(log::Action& in, std::string_view where, Action& out) {
  if (!understood(in, where) || !present(in.has_position(), where, "position") ||
      !present(in.has_promised(), where, "promised") ||
      !position(in.position(), where, "position", out.position)) {
    return false;
  }
  out.promised = {in.promised()};
  out.learned = in.learned();
  if (!in.has_performed()) {
    if (out.learned) return fail(where, "learned", "is set, but there is no value");
    return !(in.has_type() || in.has_nop() || in.has_append() || in.has_truncate()) ||
           fail(where, "performed", "is missing, but there is a value");
  }
  out.performed = {in.performed()};
  if (!present(in.has_type(), where, "type") || !value(in, where, out.value.emplace()) ||
      !tombstone_fits(out.position, *out.value, where)) {
    return false;
  }
  if (out.learned || out.performed <= out.promised) return true;
  if (origin_ == Origin::kMember) return fail(where, "performed", "is above promised");
  // Mesos leaves `promised` behind when it accepts a write.  To have promised more is always safe.
  out.promised = out.performed;
  return true;
}

bool Parser::learned_action(log::Action& in, std::string_view where, Action& out) {
  return action(in, where, out) && (out.learned || fail(where, "learned", "is not set"));
}

bool Parser::known(const KnownField& in, std::string_view where, Incarnations& out) {
  NodeId before{0};
  for (const log::Known& entry : in) {
    Incarnations::Entry read;
    if (!understood(entry, where) || !present(entry.has_member(), where, "known.member") ||
        !present(entry.has_incarnation(), where, "known.incarnation") ||
        !member(entry.member(), where, "known.member", read.member) ||
        !incarnation(entry.incarnation(), where, "known.incarnation", read.registered)) {
      return false;
    }
    if (read.member <= before) return fail(where, "known", "is not ascending by member");
    if (read.registered == Incarnation{}) return fail(where, "known.incarnation", "is 0");
    // A release that did not tell them apart may have meant either.
    read.voted = read.registered;
    if (entry.has_voted() && !incarnation(entry.voted(), where, "known.voted", read.voted)) {
      return false;
    }
    if (read.voted > read.registered) return fail(where, "known.voted", "is above incarnation");
    before = read.member;
    out.raise(read);
  }
  return true;
}

bool Parser::metadata(const log::Metadata& in, Metadata& out) {
  if (!understood(in, "metadata") || !present(in.has_status(), "metadata", "status") ||
      !present(in.has_promised(), "metadata", "promised")) {
    return false;
  }
  out.status = static_cast<Status>(in.status());
  out.promised = {in.promised()};
  out.cluster = in.cluster();
  out.log = in.log();
  out.config = in.config();
  out.rounds_reserved = in.rounds_reserved();
  out.settled.ballot = {in.settled_ballot()};
  if (!position(in.settled_upto(), "metadata", "settled_upto", out.settled.upto)) return false;
  if (in.has_member() && !member(in.member(), "metadata", "member", out.member)) return false;
  return incarnation(in.incarnation(), "metadata", "incarnation", out.incarnation) &&
         known(in.known(), "metadata", out.known);
}

bool Parser::mark(const log::Record& in, const Action& action, RecordMark& out) {
  out.learned_below.value = in.learned_below();
  out.alone = in.alone();
  if (in.learned_below() > action.position.value + 1) {
    return number_fail("record", "learned_below", in.learned_below());
  }
  return !out.alone || !action.learned || fail("record", "alone", "is set, but it is learned");
}

bool Parser::record(log::Record& in, Record& out, RecordMark& mark) {
  if (!understood(in, "record") || !present(in.has_type(), "record", "type")) return false;
  const int carried = in.has_promise() + in.has_action() + in.has_metadata();
  if (!in.has_action() && (in.has_learned_below() || in.has_alone())) {
    return fail("record", in.has_alone() ? "alone" : "learned_below", "belongs to actions only");
  }
  switch (in.type()) {
    case log::Record::PROMISE:
      if (carried != 1 || !in.has_promise()) break;
      out.emplace<LegacyPromise>().promised = {in.promise().proposal()};
      return understood(in.promise(), "promise") &&
             present(in.promise().has_proposal(), "promise", "proposal");
    case log::Record::ACTION:
      if (carried != 1 || !in.has_action()) break;
      return action(*in.mutable_action(), "action", out.emplace<Action>()) &&
             this->mark(in, std::get<Action>(out), mark);
    case log::Record::METADATA:
      if (carried != 1 || !in.has_metadata()) break;
      return metadata(in.metadata(), out.emplace<Metadata>());
  }
  return fail("record", "type", "does not say which part follows, or another one follows");
}

}  // namespace holdfast::codec
