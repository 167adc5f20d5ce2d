// One broken rule at a time: what the decoder must refuse, and the field its text must name.

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/env/hash.h"

#include "protocol/codec/codec.h"
#include "protocol/codec/log.pb.h"
#include "protocol/codec/wire.pb.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

std::string framed(const wire::Envelope& envelope) {
  const std::string rest = envelope.SerializePartialAsString();
  const std::uint64_t sum = hash_bytes(rest);
  return std::string(reinterpret_cast<const char*>(&sum), sizeof sum) + rest;
}

wire::Envelope notice() {
  wire::Envelope envelope;
  envelope.set_cluster(1);
  envelope.set_log(1);
  envelope.set_config(1);
  envelope.set_sender(1);
  envelope.set_boot(1);
  return envelope;
}

void fill(log::Action& action) {
  action.set_position(5);
  action.set_promised(7);
  action.set_performed(7);
  action.set_learned(true);
  action.set_type(log::Action::APPEND);
  action.mutable_append()->set_bytes("x");
}

wire::Envelope write_request() {
  wire::Envelope envelope = notice();
  wire::WriteRequest& request = *envelope.mutable_write_request();
  request.set_ballot(1);
  request.set_position(5);
  request.set_type(log::Action::APPEND);
  request.mutable_append()->set_bytes("x");
  return envelope;
}

wire::Envelope promise_reply() {
  wire::Envelope envelope = notice();
  wire::PromiseReply& reply = *envelope.mutable_promise_reply();
  reply.set_answer(wire::ACCEPT);
  reply.set_ballot(9);
  reply.set_position(5);
  fill(*reply.mutable_action());
  return envelope;
}

wire::Envelope write_reply() {
  wire::Envelope envelope = notice();
  wire::WriteReply& reply = *envelope.mutable_write_reply();
  reply.set_answer(wire::ACCEPT);
  reply.set_ballot(9);
  reply.set_position(5);
  fill(*reply.mutable_learned());
  return envelope;
}

wire::Envelope learned() {
  wire::Envelope envelope = notice();
  fill(*envelope.mutable_learned()->mutable_action());
  return envelope;
}

wire::Envelope fetch_reply() {
  wire::Envelope envelope = notice();
  wire::FetchReply& reply = *envelope.mutable_fetch_reply();
  reply.set_from(5);
  reply.set_count(3);
  fill(*reply.add_actions());
  fill(*reply.add_actions());
  reply.mutable_actions(1)->set_position(7);
  return envelope;
}

wire::Envelope recover_reply() {
  wire::Envelope envelope = notice();
  envelope.mutable_recover_reply()->set_status(log::Metadata::VOTING);
  return envelope;
}

wire::Envelope recover_request() {
  wire::Envelope envelope = notice();
  envelope.mutable_recover_request()->set_registering(2);
  envelope.mutable_recover_request()->set_about_to_vote(true);
  log::Known& known = *envelope.add_known();
  known.set_member(1);
  known.set_incarnation(2);
  known.set_voted(1);
  return envelope;
}

constexpr std::uint64_t kNoSuchPosition = ~std::uint64_t{0};

struct FrameCase {
  const char* names;
  wire::Envelope (*make)();
  void (*damage)(wire::Envelope&);
};

const FrameCase kFrameCases[] = {
    {"Envelope.sender", write_request, [](auto& e) { e.set_sender(0); }},
    {"Envelope.sender", write_request, [](auto& e) { e.set_sender(256); }},
    {"Envelope.sender", write_request, [](auto& e) { e.clear_sender(); }},
    {"Envelope.cluster", write_request, [](auto& e) { e.clear_cluster(); }},
    {"Envelope.log", write_request, [](auto& e) { e.clear_log(); }},
    {"Envelope.config", write_request, [](auto& e) { e.clear_config(); }},
    {"Envelope.boot", write_request, [](auto& e) { e.clear_boot(); }},
    {"Envelope.incarnation", write_request, [](auto& e) { e.set_incarnation(0x10000); }},
    {"Envelope.chosen_upto", write_request, [](auto& e) { e.set_chosen_upto(kNoSuchPosition); }},
    {"Envelope.body", notice, [](auto&) {}},
    {"Envelope.body", write_request, [](auto& e) { e.mutable_chosen_notice(); }},
    {"Envelope",
     write_request,
     [](auto& e) { e.mutable_unknown_fields()->append("\xf8\x7f\x01"); }},
    {"WriteRequest.ballot",
     write_request,
     [](auto& e) { e.mutable_write_request()->clear_ballot(); }},
    {"WriteRequest.position",
     write_request,
     [](auto& e) { e.mutable_write_request()->clear_position(); }},
    {"WriteRequest.position",
     write_request,
     [](auto& e) { e.mutable_write_request()->set_position(kNoSuchPosition); }},
    {"WriteRequest.type", write_request, [](auto& e) { e.mutable_write_request()->clear_type(); }},
    {"WriteRequest.type",
     write_request,
     [](auto& e) { e.mutable_write_request()->set_type(log::Action::NOP); }},
    {"WriteRequest.type",
     write_request,
     [](auto& e) { e.mutable_write_request()->clear_append(); }},
    {"WriteRequest.type", write_request, [](auto& e) { e.mutable_write_request()->mutable_nop(); }},
    {"WriteRequest.append.bytes",
     write_request,
     [](auto& e) { e.mutable_write_request()->mutable_append()->clear_bytes(); }},
    {"WriteRequest",
     write_request,
     [](auto& e) {
       e.mutable_write_request()->mutable_append()->mutable_unknown_fields()->append(
           "\xf8\x7f\x01");
     }},
    {"WriteRequest.rest.type",
     write_request,
     [](auto& e) { e.mutable_write_request()->add_rest()->mutable_nop(); }},
    {"WriteRequest.rest.type",
     write_request,
     [](auto& e) { e.mutable_write_request()->add_rest()->set_type(log::Action::NOP); }},
    {"WriteRequest.rest.size",
     write_request,
     [](auto& e) {
       for (std::size_t i = 0; i < WriteRequest::kPositionsMax; ++i) {
         wire::Written& written = *e.mutable_write_request()->add_rest();
         written.set_type(log::Action::NOP);
         written.mutable_nop();
       }
     }},
    {"WriteRequest.rest.size",
     write_request,
     [](auto& e) {
       e.mutable_write_request()->set_position(Position::max().value);
       wire::Written& written = *e.mutable_write_request()->add_rest();
       written.set_type(log::Action::NOP);
       written.mutable_nop();
     }},
    {"WriteReply.more belongs to votes",
     write_reply,
     [](auto& e) { e.mutable_write_reply()->set_more(1); }},
    {"WriteReply.more is",
     write_reply,
     [](auto& e) {
       e.mutable_write_reply()->clear_learned();
       e.mutable_write_reply()->set_more(WriteRequest::kPositionsMax);
     }},
    {"WriteReply.more is",
     write_reply,
     [](auto& e) {
       e.mutable_write_reply()->clear_learned();
       e.mutable_write_reply()->set_position(Position::max().value);
       e.mutable_write_reply()->set_more(1);
     }},
    {"WriteReply.more belongs to votes",
     write_reply,
     [](auto& e) {
       e.mutable_write_reply()->clear_learned();
       e.mutable_write_reply()->set_answer(wire::REJECT);
       e.mutable_write_reply()->set_more(1);
     }},
    {"PromiseReply.answer",
     promise_reply,
     [](auto& e) { e.mutable_promise_reply()->clear_answer(); }},
    {"PromiseReply.action belongs to ACCEPT",
     promise_reply,
     [](auto& e) { e.mutable_promise_reply()->set_answer(wire::REJECT); }},
    {"PromiseReply.action.position",
     promise_reply,
     [](auto& e) { e.mutable_promise_reply()->set_position(6); }},
    {"PromiseReply.end",
     promise_reply,
     [](auto& e) { e.mutable_promise_reply()->set_end(kNoSuchPosition); }},
    {"PromiseReply.begin.position",
     promise_reply,
     [](auto& e) { e.mutable_promise_reply()->mutable_begin()->set_made_at(1); }},
    {"PromiseReply.begin.made_at",
     promise_reply,
     [](auto& e) {
       e.mutable_promise_reply()->mutable_begin()->set_position(1);
       e.mutable_promise_reply()->mutable_begin()->set_made_at(kNoSuchPosition);
     }},
    {"PromiseReply.action.performed is above promised",
     promise_reply,
     [](auto& e) {
       e.mutable_promise_reply()->mutable_action()->set_learned(false);
       e.mutable_promise_reply()->mutable_action()->set_performed(8);
     }},
    {"WriteReply.learned.learned",
     write_reply,
     [](auto& e) { e.mutable_write_reply()->mutable_learned()->clear_learned(); }},
    {"WriteReply.learned belongs to ACCEPT",
     write_reply,
     [](auto& e) { e.mutable_write_reply()->set_answer(wire::TRUNCATED); }},
    {"WriteReply.learned.position",
     write_reply,
     [](auto& e) { e.mutable_write_reply()->set_position(4); }},
    {"Learned.action.learned",
     learned,
     [](auto& e) { e.mutable_learned()->mutable_action()->set_learned(false); }},
    {"Learned.action.position", learned, [](auto& e) { e.mutable_learned()->clear_action(); }},
    {"Learned.action.performed",
     learned,
     [](auto& e) {
       e.mutable_learned()->mutable_action()->clear_performed();
       e.mutable_learned()->mutable_action()->clear_learned();
     }},
    {"FetchReply.count", fetch_reply, [](auto& e) { e.mutable_fetch_reply()->clear_count(); }},
    {"FetchReply.count",
     fetch_reply,
     [](auto& e) { e.mutable_fetch_reply()->set_count(kNoSuchPosition); }},
    {"FetchReply.actions", fetch_reply, [](auto& e) { e.mutable_fetch_reply()->set_count(2); }},
    {"FetchReply.actions", fetch_reply, [](auto& e) { e.mutable_fetch_reply()->set_from(6); }},
    {"FetchReply.actions",
     fetch_reply,
     [](auto& e) { e.mutable_fetch_reply()->mutable_actions(1)->set_position(5); }},
    {"FetchReply.actions.learned",
     fetch_reply,
     [](auto& e) { e.mutable_fetch_reply()->mutable_actions(0)->clear_learned(); }},
    {"RecoverRequest.registering",
     recover_request,
     [](auto& e) { e.mutable_recover_request()->set_registering(0); }},
    {"RecoverRequest.about_to_vote",
     recover_request,
     [](auto& e) { e.mutable_recover_request()->clear_registering(); }},
    {"Envelope.known.voted", recover_request, [](auto& e) { e.mutable_known(0)->set_voted(3); }},
    {"RecoverReply.status",
     recover_reply,
     [](auto& e) { e.mutable_recover_reply()->clear_status(); }},
    {"RecoverReply",
     recover_reply,
     [](auto& e) { e.mutable_recover_reply()->mutable_unknown_fields()->append("\x08\x09"); }},
};

TEST(CodecRefusal, UndamagedFramesDecode) {
  Codec codec;
  for (const FrameCase& c : kFrameCases) {
    if (c.make == notice) continue;
    const auto read = codec.decode(framed(c.make()));
    EXPECT_TRUE(read.has_value()) << c.names << ": " << read.error().text;
  }
}

TEST(CodecRefusal, DamagedFramesAreRefusedByName) {
  Codec codec;
  for (const FrameCase& c : kFrameCases) {
    wire::Envelope envelope = c.make();
    c.damage(envelope);
    const auto read = codec.decode(framed(envelope));
    ASSERT_FALSE(read.has_value()) << c.names << "\n" << envelope.ByteSizeLong();
    EXPECT_THAT(read.error().text, HasSubstr(c.names));
  }
}

TEST(CodecRefusal, AnUnknownEnumeratorIsRefused) {
  Codec codec;
  wire::Envelope envelope = recover_reply();
  envelope.mutable_recover_reply()->clear_status();
  envelope.mutable_recover_reply()->mutable_unknown_fields()->append("\x08\x05");
  EXPECT_FALSE(codec.decode(framed(envelope)).has_value());
}

log::Record action_record() {
  log::Record record;
  record.set_type(log::Record::ACTION);
  fill(*record.mutable_action());
  return record;
}

log::Record metadata_record() {
  log::Record record;
  record.set_type(log::Record::METADATA);
  record.mutable_metadata()->set_status(log::Metadata::VOTING);
  record.mutable_metadata()->set_promised(0);
  for (const std::uint32_t id : {1u, 2u}) {
    log::Known& known = *record.mutable_metadata()->add_known();
    known.set_member(id);
    known.set_incarnation(1);
  }
  return record;
}

struct RecordCase {
  const char* names;
  log::Record (*make)();
  void (*damage)(log::Record&);
};

const RecordCase kRecordCases[] = {
    {"record.type", action_record, [](auto& r) { r.clear_type(); }},
    {"record.type", action_record, [](auto& r) { r.set_type(log::Record::METADATA); }},
    {"record.type", action_record, [](auto& r) { r.clear_action(); }},
    {"record.type", action_record, [](auto& r) { r.mutable_promise()->set_proposal(1); }},
    {"record", action_record, [](auto& r) { r.mutable_unknown_fields()->append("\xf8\x7f\x01"); }},
    {"record.learned_below",
     action_record,
     [](auto& r) { r.set_learned_below(r.action().position() + 2); }},
    {"record.learned_below", metadata_record, [](auto& r) { r.set_learned_below(1); }},
    {"record.alone", action_record, [](auto& r) { r.set_alone(true); }},
    {"record.alone", metadata_record, [](auto& r) { r.set_alone(true); }},
    {"action.position", action_record, [](auto& r) { r.mutable_action()->clear_position(); }},
    {"action.position",
     action_record,
     [](auto& r) { r.mutable_action()->set_position(kNoSuchPosition); }},
    {"action.promised", action_record, [](auto& r) { r.mutable_action()->clear_promised(); }},
    {"action.performed",
     action_record,
     [](auto& r) {
       r.mutable_action()->clear_performed();
       r.mutable_action()->clear_learned();
     }},
    {"action.learned", action_record, [](auto& r) { r.mutable_action()->clear_performed(); }},
    {"action.type", action_record, [](auto& r) { r.mutable_action()->clear_type(); }},
    {"action.type", action_record, [](auto& r) { r.mutable_action()->mutable_truncate(); }},
    {"action.append.bytes",
     action_record,
     [](auto& r) { r.mutable_action()->mutable_append()->set_checksum(1); }},
    {"action.nop.begin_at",
     action_record,
     [](auto& r) {
       r.mutable_action()->set_type(log::Action::NOP);
       r.mutable_action()->clear_append();
       r.mutable_action()->mutable_nop()->set_begin_at(3);
     }},
    {"action.nop.tombstone",
     action_record,
     [](auto& r) {
       r.mutable_action()->set_position(kNoSuchPosition - 1);
       r.mutable_action()->set_type(log::Action::NOP);
       r.mutable_action()->clear_append();
       r.mutable_action()->mutable_nop()->set_tombstone(true);
     }},
    {"action.truncate.to",
     action_record,
     [](auto& r) {
       r.mutable_action()->set_type(log::Action::TRUNCATE);
       r.mutable_action()->clear_append();
       r.mutable_action()->mutable_truncate();
     }},
    {"metadata.status", metadata_record, [](auto& r) { r.mutable_metadata()->clear_status(); }},
    {"metadata.promised", metadata_record, [](auto& r) { r.mutable_metadata()->clear_promised(); }},
    {"metadata.member", metadata_record, [](auto& r) { r.mutable_metadata()->set_member(256); }},
    {"metadata.incarnation",
     metadata_record,
     [](auto& r) { r.mutable_metadata()->set_incarnation(0x10000); }},
    {"metadata.known",
     metadata_record,
     [](auto& r) { r.mutable_metadata()->mutable_known(1)->set_member(1); }},
    {"metadata.known.member",
     metadata_record,
     [](auto& r) { r.mutable_metadata()->mutable_known(1)->clear_member(); }},
    {"metadata.known.incarnation",
     metadata_record,
     [](auto& r) { r.mutable_metadata()->mutable_known(0)->set_incarnation(0x10000); }},
    {"metadata.known.voted",
     metadata_record,
     [](auto& r) { r.mutable_metadata()->mutable_known(0)->set_voted(0x10000); }},
    {"metadata.known.voted is above incarnation",
     metadata_record,
     [](auto& r) { r.mutable_metadata()->mutable_known(1)->set_voted(2); }},
};

TEST(CodecRefusal, DamagedRecordsAreRefusedByName) {
  Codec codec;
  for (const RecordCase& c : kRecordCases) {
    log::Record record = c.make();
    EXPECT_TRUE(codec.decode_record(record.SerializeAsString()).has_value());
    c.damage(record);
    const std::string bytes = record.SerializePartialAsString();
    const auto read = codec.decode_record(bytes);
    ASSERT_FALSE(read.has_value()) << c.names;
    EXPECT_THAT(read.error().text, HasSubstr(c.names));
    EXPECT_FALSE(codec.outline_record(bytes).has_value()) << c.names;
  }
}

TEST(CodecRefusal, NoBytesAreNoRecord) {
  Codec codec;
  EXPECT_FALSE(codec.decode_record("").has_value());
  EXPECT_FALSE(codec.decode("").has_value());
}

}  // namespace
}  // namespace holdfast
