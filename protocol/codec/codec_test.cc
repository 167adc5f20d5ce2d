#include "protocol/codec/codec.h"

#include <cstring>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocol/env/hash.h"

#include "protocol/codec/arbitrary.h"

namespace holdfast {
namespace {

using codec::pick_action;
using codec::pick_envelope;
using codec::pick_metadata;
using codec::pick_position;
using codec::same;

constexpr std::size_t kKinds = std::variant_size_v<Message>;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  std::string digits;
  for (const char c : hex)
    if (c != ' ') digits += c;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

Value mesos_append(std::string text) {
  Value value = Value::append(std::make_shared<const std::string>(std::move(text)), {});
  value.checksum.reset();
  return value;
}

Value mesos_tombstone() {
  Value value = Value::tombstone_for({});
  value.begin_at.reset();
  return value;
}

Action written(Position at, Ballot ballot, Value value) {
  Action action;
  action.position = at;
  action.promised = ballot;
  action.performed = ballot;
  action.value = std::move(value);
  return action;
}

Action learned(Position at, Ballot ballot, Value value) {
  Action action = written(at, ballot, std::move(value));
  action.learned = true;
  return action;
}

// Bytes that Mesos stores, from the appendix of the specification of its format.
struct Golden {
  std::string_view hex;
  Action action;
};

TEST(CodecGolden, MesosActionsKeepTheirBytes) {
  const std::string hello = "hello world";
  Action promise_only;
  promise_only.position = {5};
  promise_only.promised = {7};
  const Golden golden[] = {
      {"0802 1a04 08051007", promise_only},
      {"0802 1a0c 080010021802200128013200", learned({0}, {2}, Value::nop())},
      {"0802 1a17 08011001180128023a0d0a0b68656c6c6f20776f726c64",
       written({1}, {1}, mesos_append(hello))},
      {"0802 1a19 080110011801200128023a0d0a0b68656c6c6f20776f726c64",
       learned({1}, {1}, mesos_append(hello))},
      {"0802 1a0e 080b100118012001280342020807", learned({11}, {1}, Value::truncate({7}))},
      {"0802 1a0e 0803100418042001280132020801", learned({3}, {4}, mesos_tombstone())},
  };
  Codec codec;
  for (const Golden& entry : golden) {
    const std::string bytes = from_hex(entry.hex);
    const auto record = codec.decode_record(bytes);
    ASSERT_TRUE(record.has_value()) << record.error().text;
    ASSERT_TRUE(std::holds_alternative<Action>(*record)) << entry.hex;
    EXPECT_TRUE(same(std::get<Action>(*record), entry.action)) << entry.hex;
    std::string again;
    codec.encode_record(entry.action, again);
    EXPECT_EQ(again, bytes) << entry.hex;
  }
}

TEST(CodecGolden, MesosMetadataKeepsItsBytes) {
  const std::tuple<std::string_view, Status, std::uint64_t> golden[] = {
      {"0803 2204 08011000", Status::kVoting, 0},
      {"0803 2204 08041000", Status::kEmpty, 0},
      {"0803 2205 080110ac02", Status::kVoting, 300},
  };
  Codec codec;
  for (const auto& [hex, status, promised] : golden) {
    Metadata expected;
    expected.status = status;
    expected.promised = {promised};
    const auto record = codec.decode_record(from_hex(hex));
    ASSERT_TRUE(record.has_value()) << record.error().text;
    EXPECT_EQ(std::get<Metadata>(*record), expected);
    std::string again;
    codec.encode_record(expected, again);
    EXPECT_EQ(again, from_hex(hex));
  }
}

TEST(CodecGolden, ThePromiseRecordOfOldMesosIsRead) {
  Codec codec;
  const auto record = codec.decode_record(from_hex("0801 1202 0809"));
  ASSERT_TRUE(record.has_value()) << record.error().text;
  EXPECT_EQ(std::get<LegacyPromise>(*record).promised, Ballot{9});
}

// A later release must not change what our fields look like either.
TEST(CodecGolden, OurFieldsKeepTheirBytes) {
  Codec codec;
  std::string bytes;
  codec.encode_record(
      learned({1}, {1}, Value::append(std::make_shared<const std::string>("a"), {2, 3})), bytes);
  EXPECT_EQ(bytes,
            from_hex("0802 1a1f 08011001180120012802 3a13 0a0161 a106 1f4e961eb632c6e6"
                     "a80602 b00603"))
      << testing::PrintToString(bytes);
  Metadata metadata;
  metadata.status = Status::kVoting;
  metadata.cluster = 1;
  metadata.log = 2;
  metadata.config = 3;
  metadata.member = {4};
  metadata.incarnation = {5};
  metadata.known = {{{1}, {6}, {6}}};
  metadata.rounds_reserved = 7;
  codec.encode_record(metadata, bytes);
  EXPECT_EQ(bytes,
            from_hex("0803 2232 08011000 a1060100000000000000 a9060200000000000000"
                     "b1060300000000000000 b80604 c00605 ca060408011006 d00607"));
}

// A release that did not tell them apart, and a number that was about to vote, have the same bytes.
TEST(CodecGolden, ANumberThatMayHaveVotedNeedsNoWord) {
  Codec codec;
  const std::pair<std::string_view, Incarnations> golden[] = {
      {"0803 220b 08011000 ca060408011006", {{{1}, {6}, {6}}}},
      {"0803 220d 08011000 ca0606080110061805", {{{1}, {6}, {5}}}},
      {"0803 220d 08011000 ca0606080110061800", {{{1}, {6}, {0}}}},
  };
  for (const auto& [hex, known] : golden) {
    Metadata metadata;
    metadata.status = Status::kVoting;
    metadata.known = known;
    std::string bytes;
    codec.encode_record(metadata, bytes);
    EXPECT_EQ(bytes, from_hex(hex)) << testing::PrintToString(bytes);
    const auto read = codec.decode_record(from_hex(hex));
    ASSERT_TRUE(read.has_value()) << read.error().text;
    EXPECT_EQ(std::get<Metadata>(*read), metadata);
  }
}

TEST(Codec, AMesosWriteAboveItsPromiseReadsAsPromised) {
  Codec codec;
  // Unlearned NOP at 0, promised 1, performed 5.
  const auto record = codec.decode_record(from_hex("0802 1a0a 08001001180528013200"));
  ASSERT_TRUE(record.has_value()) << record.error().text;
  EXPECT_EQ(std::get<Action>(*record).promised, Ballot{5});
  EXPECT_EQ(std::get<Action>(*record).performed, Ballot{5});
}

TEST(Codec, AnOutlineHasEverythingButThePayload) {
  Codec codec;
  std::string bytes;
  const Action action =
      learned({8}, {1}, Value::append(std::make_shared<const std::string>("payload"), {2, 3}));
  codec.encode_record(action, bytes);
  const auto outline = codec.outline_record(bytes);
  ASSERT_TRUE(outline.has_value()) << outline.error().text;
  const Action& read = std::get<Action>(*outline);
  EXPECT_EQ(read.position, Position{8});
  EXPECT_TRUE(read.learned);
  EXPECT_EQ(read.value->checksum, action.value->checksum);
  EXPECT_EQ(read.value->bytes->size(), 0u);
}

TEST(Codec, AMarkComesBackWithItsRecord) {
  Codec codec;
  std::string bytes;
  Action vote = learned({8}, {1}, Value::nop());
  vote.learned = false;
  const RecordMark marks[] = {{}, {.learned_below = {9}}, {.learned_below = {3}, .alone = true}};
  for (const RecordMark& mark : marks) {
    codec.encode_record(vote, bytes, mark);
    RecordMark read{.learned_below = {1}, .alone = true};
    const auto record = codec.decode_record(bytes, &read);
    ASSERT_TRUE(record.has_value()) << record.error().text;
    EXPECT_EQ(std::get<Action>(*record), vote);
    EXPECT_EQ(read, mark);
    RecordMark outlined;
    ASSERT_TRUE(codec.outline_record(bytes, &outlined).has_value());
    EXPECT_EQ(outlined, mark);
  }
}

TEST(Codec, AFrameStartsWithTheHashOfItsRest) {
  Codec codec;
  Envelope envelope;
  envelope.sender = {1};
  envelope.body = ChosenNotice{};
  const Frame frame = codec.encode(envelope);
  std::uint64_t sum = 0;
  std::memcpy(&sum, frame->data(), 8);
  EXPECT_EQ(sum, hash_bytes(std::string_view(*frame).substr(8)));
}

TEST(Codec, APayloadIsNeitherTakenNorChangedByEncoding) {
  Codec codec;
  const Payload payload = std::make_shared<const std::string>("mine");
  Envelope envelope;
  envelope.sender = {1};
  envelope.body = WriteRequest{{1}, {1}, Value::append(payload, {1, 1})};
  for (int i = 0; i < 3; ++i)
    codec.encode(envelope);
  EXPECT_EQ(*payload, "mine");
  EXPECT_EQ(payload.use_count(), 2);
}

RC_GTEST_PROP(Codec, EveryMessageComesBackWhole, ()) {
  Codec codec;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const Envelope envelope = pick_envelope(kind);
    RC_ASSERT(envelope.body.index() == kind);
    const Frame frame = codec.encode(envelope);
    const auto read = codec.decode(*frame);
    if (!read) RC_FAIL(read.error().text);
    RC_ASSERT(same(*read, envelope));
    RC_ASSERT(*codec.encode(*read) == *frame);
  }
}

RC_GTEST_PROP(Codec, EveryRecordComesBackWhole, ()) {
  Codec codec;
  std::string bytes;
  const Action action = pick_action(pick_position());
  codec.encode_record(action, bytes);
  const auto read = codec.decode_record(bytes);
  if (!read) RC_FAIL(read.error().text);
  RC_ASSERT(same(std::get<Action>(*read), action));

  const Metadata metadata = pick_metadata();
  codec.encode_record(metadata, bytes);
  const auto read_metadata = codec.decode_record(bytes);
  if (!read_metadata) RC_FAIL(read_metadata.error().text);
  RC_ASSERT(std::get<Metadata>(*read_metadata) == metadata);
}

RC_GTEST_PROP(Codec, AFlippedFrameNeverDecodes, ()) {
  Codec codec;
  const auto kind = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, kKinds));
  std::string bytes = *codec.encode(pick_envelope(kind));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    RC_ASSERT(!codec.decode(bytes));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  }
  RC_ASSERT(codec.decode(bytes).has_value());
}

RC_GTEST_PROP(Codec, ATruncatedFrameNeverDecodes, ()) {
  Codec codec;
  const auto kind = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, kKinds));
  const std::string bytes = *codec.encode(pick_envelope(kind));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    RC_ASSERT(!codec.decode(std::string_view(bytes).substr(0, size)));
}

}  // namespace
}  // namespace holdfast
