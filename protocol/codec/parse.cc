// Envelopes and messages.

#include "protocol/codec/parse.h"

#include <limits>
#include <utility>

namespace holdfast::codec {

bool Parser::begin(const wire::Begin& in, std::string_view where, Begin& out) {
  if (!understood(in, where) || !present(in.has_position(), where, "begin.position") ||
      !position(in.position(), where, "begin.position", out.position)) {
    return false;
  }
  return !in.has_made_at() || position(in.made_at(), where, "begin.made_at", out.made_at.emplace());
}

bool Parser::promise_request(const wire::PromiseRequest& in, PromiseRequest& out) {
  constexpr std::string_view kWhere = "PromiseRequest";
  out.ballot = {in.ballot()};
  if (!understood(in, kWhere) || !present(in.has_ballot(), kWhere, "ballot") ||
      (in.has_position() && !position(in.position(), kWhere, "position", out.position.emplace()))) {
    return false;
  }
  if (!in.has_settles()) return true;
  if (in.has_position()) return fail(kWhere, "settles", "belongs to no single position");
  return position(in.settles(), kWhere, "settles", out.settles.emplace());
}

bool Parser::promise_reply(wire::PromiseReply& in, PromiseReply& out) {
  constexpr std::string_view kWhere = "PromiseReply";
  if (!understood(in, kWhere) || !present(in.has_answer(), kWhere, "answer") ||
      !present(in.has_ballot(), kWhere, "ballot") || !position(in.end(), kWhere, "end", out.end)) {
    return false;
  }
  out.answer = static_cast<Answer>(in.answer());
  out.ballot = {in.ballot()};
  if (in.has_position() && !position(in.position(), kWhere, "position", out.position.emplace())) {
    return false;
  }
  if (in.has_begin() && !begin(in.begin(), kWhere, out.begin)) return false;
  if (!in.has_action()) return true;
  if (!action(*in.mutable_action(), "PromiseReply.action", out.action.emplace())) return false;
  if (out.answer != Answer::kAccept) return fail(kWhere, "action", "belongs to ACCEPT only");
  if (!out.action->value) return fail(kWhere, "action", "holds no value");
  return out.position == out.action->position ||
         fail(kWhere, "action.position", "is not the position asked for");
}

bool Parser::write_request(wire::WriteRequest& in, WriteRequest& out) {
  constexpr std::string_view kWhere = "WriteRequest";
  if (!understood(in, kWhere) || !present(in.has_ballot(), kWhere, "ballot") ||
      !present(in.has_position(), kWhere, "position") || !present(in.has_type(), kWhere, "type") ||
      !position(in.position(), kWhere, "position", out.position)) {
    return false;
  }
  out.ballot = {in.ballot()};
  if (!value(in, kWhere, out.value) || !tombstone_fits(out.position, out.value, kWhere)) {
    return false;
  }
  return in.rest_size() == 0 || rest(*in.mutable_rest(), out);
}

bool Parser::rest(google::protobuf::RepeatedPtrField<wire::Written>& in, WriteRequest& out) {
  constexpr std::string_view kWhere = "WriteRequest.rest";
  const auto count = static_cast<std::size_t>(in.size());
  if (count >= WriteRequest::kPositionsMax || count > Position::max().value - out.position.value) {
    return number_fail(kWhere, "size", count);
  }
  out.rest.reserve(count);
  for (wire::Written& written : in) {
    const Position at = out.last().next();
    Value& read = out.rest.emplace_back();
    if (!understood(written, kWhere) || !present(written.has_type(), kWhere, "type") ||
        !value(written, kWhere, read) || !tombstone_fits(at, read, kWhere)) {
      return false;
    }
  }
  return true;
}

bool Parser::write_reply(wire::WriteReply& in, WriteReply& out) {
  constexpr std::string_view kWhere = "WriteReply";
  if (!understood(in, kWhere) || !present(in.has_answer(), kWhere, "answer") ||
      !present(in.has_ballot(), kWhere, "ballot") ||
      !present(in.has_position(), kWhere, "position") ||
      !position(in.position(), kWhere, "position", out.position)) {
    return false;
  }
  out.answer = static_cast<Answer>(in.answer());
  out.ballot = {in.ballot()};
  out.more = in.more();
  if (out.more >= WriteRequest::kPositionsMax ||
      out.more > Position::max().value - out.position.value) {
    return number_fail(kWhere, "more", out.more);
  }
  if (out.more != 0 && (out.answer != Answer::kAccept || in.has_learned())) {
    return fail(kWhere, "more", "belongs to votes only");
  }
  if (in.has_begin() && !begin(in.begin(), kWhere, out.begin)) return false;
  if (!in.has_learned()) return true;
  if (!learned_action(*in.mutable_learned(), "WriteReply.learned", out.learned.emplace())) {
    return false;
  }
  if (out.answer != Answer::kAccept) return fail(kWhere, "learned", "belongs to ACCEPT only");
  return out.position == out.learned->position ||
         fail(kWhere, "learned.position", "is not the position asked for");
}

bool Parser::fetch_request(const wire::FetchRequest& in, FetchRequest& out) {
  constexpr std::string_view kWhere = "FetchRequest";
  return understood(in, kWhere) && present(in.has_from(), kWhere, "from") &&
         present(in.has_to(), kWhere, "to") && position(in.from(), kWhere, "from", out.from) &&
         position(in.to(), kWhere, "to", out.to);
}

bool Parser::fetch_reply(wire::FetchReply& in, FetchReply& out) {
  constexpr std::string_view kWhere = "FetchReply";
  if (!understood(in, kWhere) || !present(in.has_from(), kWhere, "from") ||
      !present(in.has_count(), kWhere, "count") || !position(in.from(), kWhere, "from", out.from)) {
    return false;
  }
  if (in.count() > Position::max().value - in.from() + 1) {
    return number_fail(kWhere, "count", in.count());
  }
  out.upto = {in.from() + in.count() - 1};
  if (in.has_begin() && !begin(in.begin(), kWhere, out.begin)) return false;
  out.actions.reserve(static_cast<std::size_t>(in.actions_size()));
  Position lowest = out.from;
  for (log::Action& entry : *in.mutable_actions()) {
    Action& read = out.actions.emplace_back();
    if (!learned_action(entry, "FetchReply.actions", read)) return false;
    if (read.position < lowest || read.position.value - in.from() >= in.count()) {
      return fail(kWhere, "actions", "are not ascending or not within the range");
    }
    lowest = read.position.next();
  }
  return true;
}

bool Parser::recover_request(const wire::RecoverRequest& in, RecoverRequest& out) {
  constexpr std::string_view kWhere = "RecoverRequest";
  if (!understood(in, kWhere)) return false;
  out.about_to_vote = in.about_to_vote();
  if (!in.has_registering()) {
    return !out.about_to_vote || fail(kWhere, "about_to_vote", "belongs to a number");
  }
  Incarnation& registering = out.registering.emplace();
  if (!incarnation(in.registering(), kWhere, "registering", registering)) return false;
  return registering != Incarnation{} || fail(kWhere, "registering", "is 0");
}

bool Parser::recover_reply(const wire::RecoverReply& in, RecoverReply& out) {
  constexpr std::string_view kWhere = "RecoverReply";
  if (!understood(in, kWhere) || !present(in.has_status(), kWhere, "status")) return false;
  out.status = static_cast<Status>(in.status());
  out.promised = {in.promised()};
  return position(in.end(), kWhere, "end", out.end) &&
         (!in.has_begin() || begin(in.begin(), kWhere, out.begin));
}

bool Parser::heartbeat(const wire::Heartbeat& in, Heartbeat& out) {
  constexpr std::string_view kWhere = "Heartbeat";
  out.ballot = {in.ballot()};
  out.elected = in.elected();
  return understood(in, kWhere) && present(in.has_ballot(), kWhere, "ballot");
}

bool Parser::heartbeat_reply(const wire::HeartbeatReply& in, HeartbeatReply& out) {
  out.promised = {in.promised()};
  out.ready = in.ready();
  return understood(in, "HeartbeatReply");
}

bool Parser::canvass_reply(const wire::CanvassReply& in, CanvassReply& out) {
  constexpr std::string_view kWhere = "CanvassReply";
  out.supports = in.supports();
  out.promised = {in.promised()};
  out.ballot = {in.ballot()};
  return understood(in, kWhere) &&
         (!in.has_coordinator() ||
          member(in.coordinator(), kWhere, "coordinator", out.coordinator));
}

bool Parser::hand_over(const wire::HandOver& in, HandOver& out) {
  constexpr std::string_view kWhere = "HandOver";
  out.ballot = {in.ballot()};
  return understood(in, kWhere) && present(in.has_ballot(), kWhere, "ballot");
}

// What electors say to each other.
bool Parser::elector_body(const wire::Envelope& in, Envelope& out) {
  if (in.has_heartbeat()) return heartbeat(in.heartbeat(), out.body.emplace<Heartbeat>());
  if (in.has_heartbeat_reply()) {
    return heartbeat_reply(in.heartbeat_reply(), out.body.emplace<HeartbeatReply>());
  }
  if (in.has_canvass_reply()) {
    return canvass_reply(in.canvass_reply(), out.body.emplace<CanvassReply>());
  }
  if (in.has_canvass_request()) {
    out.body.emplace<CanvassRequest>();
    return understood(in.canvass_request(), "CanvassRequest");
  }
  return hand_over(in.hand_over(), out.body.emplace<HandOver>());
}

bool Parser::head(const wire::Envelope& in, Envelope& out) {
  constexpr std::string_view kWhere = "Envelope";
  if (!understood(in, kWhere) || !present(in.has_cluster(), kWhere, "cluster") ||
      !present(in.has_log(), kWhere, "log") || !present(in.has_config(), kWhere, "config") ||
      !present(in.has_boot(), kWhere, "boot") || !present(in.has_sender(), kWhere, "sender")) {
    return false;
  }
  out.cluster = in.cluster();
  out.log = in.log();
  out.config = in.config();
  out.boot = {in.boot()};
  out.echo = {in.echo()};
  out.request = {in.request()};
  out.chosen.ballot = {in.chosen_ballot()};
  return member(in.sender(), kWhere, "sender", out.sender) &&
         incarnation(in.incarnation(), kWhere, "incarnation", out.incarnation) &&
         position(in.chosen_upto(), kWhere, "chosen_upto", out.chosen.upto) &&
         known(in.known(), kWhere, out.known);
}

bool Parser::body(wire::Envelope& in, Envelope& out) {
  const int bodies = in.has_promise_request() + in.has_promise_reply() + in.has_write_request() +
                     in.has_write_reply() + in.has_learned() + in.has_fetch_request() +
                     in.has_fetch_reply() + in.has_recover_request() + in.has_recover_reply() +
                     in.has_chosen_notice() + in.has_heartbeat() + in.has_heartbeat_reply() +
                     in.has_canvass_request() + in.has_canvass_reply() + in.has_hand_over() +
                     in.has_close_request();
  if (bodies != 1) return fail("Envelope", "body", bodies == 0 ? "is missing" : "is ambiguous");
  if (in.has_write_request()) {
    return write_request(*in.mutable_write_request(), out.body.emplace<WriteRequest>());
  }
  if (in.has_write_reply()) {
    return write_reply(*in.mutable_write_reply(), out.body.emplace<WriteReply>());
  }
  if (in.has_learned()) {
    log::Action& action = *in.mutable_learned()->mutable_action();
    return understood(in.learned(), "Learned") &&
           learned_action(action, "Learned.action", out.body.emplace<Learned>().action);
  }
  if (in.has_promise_request()) {
    return promise_request(in.promise_request(), out.body.emplace<PromiseRequest>());
  }
  if (in.has_promise_reply()) {
    return promise_reply(*in.mutable_promise_reply(), out.body.emplace<PromiseReply>());
  }
  if (in.has_fetch_request()) {
    return fetch_request(in.fetch_request(), out.body.emplace<FetchRequest>());
  }
  if (in.has_fetch_reply()) {
    return fetch_reply(*in.mutable_fetch_reply(), out.body.emplace<FetchReply>());
  }
  if (in.has_recover_reply()) {
    return recover_reply(in.recover_reply(), out.body.emplace<RecoverReply>());
  }
  if (in.has_recover_request()) {
    return recover_request(in.recover_request(), out.body.emplace<RecoverRequest>());
  }
  if (in.has_close_request()) {
    CloseRequest& close = out.body.emplace<CloseRequest>();
    return understood(in.close_request(), "CloseRequest") &&
           present(in.close_request().has_upto(), "CloseRequest", "upto") &&
           position(in.close_request().upto(), "CloseRequest", "upto", close.upto);
  }
  if (in.has_chosen_notice()) {
    out.body.emplace<ChosenNotice>();
    return understood(in.chosen_notice(), "ChosenNotice");
  }
  return elector_body(in, out);
}

bool Parser::envelope(wire::Envelope& in, Envelope& out) {
  return head(in, out) && body(in, out);
}

}  // namespace holdfast::codec
