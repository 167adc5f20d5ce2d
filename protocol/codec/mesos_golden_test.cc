// The bytes of the Apache Mesos log, in both directions and by two readers: the schema of Mesos
// itself (mesos_log.proto) and our codec.  The vectors were made with protoc from the schema that
// Mesos has had since 0.17, with its later fields.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocol/codec/arbitrary.h"
#include "protocol/codec/codec.h"
#include "protocol/codec/mesos_log.pb.h"

namespace holdfast {
namespace {

namespace mesos = ::mesos::internal::log;

constexpr std::string_view kHello = "hello world";

std::string from_hex(std::string_view hex) {
  std::string digits;
  for (const char c : hex)
    if (c != ' ') digits += c;
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

mesos::Record metadata(mesos::Metadata::Status status, std::uint64_t promised) {
  mesos::Record record;
  record.set_type(mesos::Record::METADATA);
  record.mutable_metadata()->set_status(status);
  record.mutable_metadata()->set_promised(promised);
  return record;
}

mesos::Record promise_record(std::uint64_t proposal) {
  mesos::Record record;
  record.set_type(mesos::Record::PROMISE);
  record.mutable_promise()->set_proposal(proposal);
  return record;
}

mesos::Record promise_only(std::uint64_t position, std::uint64_t promised) {
  mesos::Record record;
  record.set_type(mesos::Record::ACTION);
  record.mutable_action()->set_position(position);
  record.mutable_action()->set_promised(promised);
  return record;
}

enum class Learned : std::uint8_t { kNo, kYes };

mesos::Record written(std::uint64_t position,
                      std::uint64_t proposal,
                      Learned learned,
                      const std::function<void(mesos::Action&)>& value) {
  mesos::Record record = promise_only(position, proposal);
  record.mutable_action()->set_performed(proposal);
  if (learned == Learned::kYes) record.mutable_action()->set_learned(true);
  value(*record.mutable_action());
  return record;
}

void nop(mesos::Action& action) {
  action.set_type(mesos::Action::NOP);
  action.mutable_nop();
}

void tombstone(mesos::Action& action) {
  nop(action);
  action.mutable_nop()->set_tombstone(true);
}

void hello(mesos::Action& action) {
  action.set_type(mesos::Action::APPEND);
  action.mutable_append()->set_bytes(std::string(kHello));
}

void truncate_to_7(mesos::Action& action) {
  action.set_type(mesos::Action::TRUNCATE);
  action.mutable_truncate()->set_to(7);
}

struct RecordVector {
  std::string_view hex;
  mesos::Record record;
};

std::vector<RecordVector> record_vectors() {
  return {
      {"0803 2204 08011000", metadata(mesos::Metadata::VOTING, 0)},
      {"0803 2204 08041000", metadata(mesos::Metadata::EMPTY, 0)},
      {"0803 2205 080110ac02", metadata(mesos::Metadata::VOTING, 300)},
      {"0801 1202 0809", promise_record(9)},
      {"0802 1a04 08051007", promise_only(5, 7)},
      {"0802 1a0c 080010021802200128013200", written(0, 2, Learned::kYes, nop)},
      {"0802 1a17 08011001180128023a0d0a0b68656c6c6f20776f726c64",
       written(1, 1, Learned::kNo, hello)},
      {"0802 1a19 080110011801200128023a0d0a0b68656c6c6f20776f726c64",
       written(1, 1, Learned::kYes, hello)},
      {"0802 1a0e 080b100118012001280342020807", written(11, 1, Learned::kYes, truncate_to_7)},
      {"0802 1a0e 0803100418042001280132020801", written(3, 4, Learned::kYes, tombstone)},
  };
}

TEST(MesosGolden, RecordsBySchemaBothWays) {
  for (const RecordVector& vector : record_vectors()) {
    const std::string bytes = from_hex(vector.hex);
    EXPECT_EQ(vector.record.SerializeAsString(), bytes) << vector.hex;
    mesos::Record parsed;
    ASSERT_TRUE(parsed.ParseFromString(bytes)) << vector.hex;
    EXPECT_EQ(parsed.SerializeAsString(), bytes) << vector.hex;
  }
}

TEST(MesosGolden, RecordsByOurCodecBothWays) {
  Codec codec;
  for (const RecordVector& vector : record_vectors()) {
    const std::string bytes = from_hex(vector.hex);
    const auto record = codec.decode_record(bytes);
    ASSERT_TRUE(record.has_value()) << vector.hex << ": " << record.error().text;
    std::string again;
    if (const auto* action = std::get_if<Action>(&*record)) {
      codec.encode_record(*action, again);
    } else if (const auto* metadata = std::get_if<Metadata>(&*record)) {
      codec.encode_record(*metadata, again);
    } else {
      // Nobody has written one since 0.16, and we write metadata in its place.
      EXPECT_EQ(std::get<LegacyPromise>(*record).promised, Ballot{9});
      again = bytes;
    }
    EXPECT_EQ(again, bytes) << vector.hex;
  }
}

// holdfast speaks another protocol on the wire, so the schema alone can be held to these.
template <typename M>
void expect_message(std::string_view hex, const M& message) {
  const std::string bytes = from_hex(hex);
  EXPECT_EQ(message.SerializeAsString(), bytes) << hex;
  M parsed;
  ASSERT_TRUE(parsed.ParseFromString(bytes)) << hex;
  EXPECT_EQ(parsed.SerializeAsString(), bytes) << hex;
}

TEST(MesosGolden, MessagesBothWays) {
  mesos::PromiseRequest implicit;
  implicit.set_proposal(2);
  expect_message("0802", implicit);
  mesos::PromiseRequest explicit_one;
  explicit_one.set_proposal(3);
  explicit_one.set_position(0);
  expect_message("0803 1000", explicit_one);
  mesos::PromiseResponse accepted;
  accepted.set_okay(true);
  accepted.set_proposal(2);
  accepted.set_position(0);
  accepted.set_type(mesos::PromiseResponse::ACCEPT);
  expect_message("0801 1002 2000 2801", accepted);
  mesos::PromiseResponse rejected;
  rejected.set_okay(false);
  rejected.set_proposal(9);
  rejected.set_type(mesos::PromiseResponse::REJECT);
  expect_message("0800 1009 2802", rejected);
  mesos::WriteRequest write;
  write.set_proposal(1);
  write.set_position(1);
  write.set_type(mesos::Action::APPEND);
  write.mutable_append()->set_bytes(std::string(kHello));
  expect_message("0801 1001 2002 320d0a0b68656c6c6f20776f726c64", write);
  mesos::WriteResponse wrote;
  wrote.set_okay(true);
  wrote.set_proposal(1);
  wrote.set_position(1);
  wrote.set_type(mesos::WriteResponse::ACCEPT);
  expect_message("0801 1001 1801 2001", wrote);
  mesos::RecoverResponse recovered;
  recovered.set_status(mesos::Metadata::VOTING);
  recovered.set_begin(0);
  recovered.set_end(10);
  expect_message("0801 1000 180a", recovered);
}

// ---- Whatever the one writes, the other reads

mesos::Record parsed(const std::string& bytes) {
  mesos::Record record;
  RC_ASSERT(record.ParseFromString(bytes));
  return record;
}

void expect_same(const mesos::Action& theirs, const Action& ours) {
  RC_ASSERT(theirs.position() == ours.position.value);
  RC_ASSERT(theirs.promised() == ours.promised.value);
  RC_ASSERT(theirs.has_performed() == ours.value.has_value());
  RC_ASSERT(theirs.learned() == ours.learned);
  if (!ours.value) return;
  const Value& value = *ours.value;
  RC_ASSERT(theirs.performed() == ours.performed.value);
  RC_ASSERT(static_cast<int>(theirs.type()) == static_cast<int>(value.type));
  RC_ASSERT(theirs.nop().tombstone() == value.tombstone);
  RC_ASSERT(theirs.append().bytes() == (value.bytes ? *value.bytes : std::string()));
  RC_ASSERT(theirs.truncate().to() == value.to.value);
}

// Our fields are unknown to it, and it passes over them.
RC_GTEST_PROP(MesosSchema, ReadsEveryRecordOfOurs, ()) {
  Codec codec;
  std::string bytes;
  const Action action = codec::pick_action(codec::pick_position());
  codec.encode_record(action, bytes);
  const mesos::Record record = parsed(bytes);
  RC_ASSERT(record.type() == mesos::Record::ACTION);
  expect_same(record.action(), action);
  const Metadata metadata = codec::pick_metadata();
  codec.encode_record(metadata, bytes);
  const mesos::Record read = parsed(bytes);
  RC_ASSERT(read.type() == mesos::Record::METADATA);
  RC_ASSERT(static_cast<int>(read.metadata().status()) == static_cast<int>(metadata.status));
  RC_ASSERT(read.metadata().promised() == metadata.promised.value);
}

mesos::Record pick_record() {
  const auto any = [] { return codec::pick_number(); };
  mesos::Record record = promise_only(codec::pick_position().value, any());
  if (!codec::pick_bool()) return record;
  mesos::Action& action = *record.mutable_action();
  // A vote may lie above its promise, as Mesos leaves it (gap G1).
  action.set_performed(any());
  if (codec::pick_bool()) action.set_learned(true);
  switch (codec::pick_of<int>({1, 2, 3})) {
    case 1:
      nop(action);
      break;
    case 2:
      hello(action);
      break;
    default:
      truncate_to_7(action);
  }
  return record;
}

RC_GTEST_PROP(Codec, ReadsEveryRecordOfMesosAndWritesItsBytes, ()) {
  Codec codec;
  mesos::Record record = pick_record();
  const auto read = codec.decode_record(record.SerializeAsString());
  if (!read) RC_FAIL(read.error().text);
  const Action& action = std::get<Action>(*read);
  // To have promised as much as was voted for is always safe.
  mesos::Action& theirs = *record.mutable_action();
  if (!theirs.learned()) theirs.set_promised(std::max(theirs.promised(), theirs.performed()));
  expect_same(theirs, action);
  std::string again;
  codec.encode_record(action, again);
  RC_ASSERT(again == record.SerializeAsString());
}

}  // namespace
}  // namespace holdfast
