#include "real/client/codec.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "protocol/env/hash.h"

#include "real/client/client.pb.h"

namespace holdfast::real {
namespace {

using ::testing::HasSubstr;

Payload payload(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

// A frame around any bytes, with a checksum that fits.
std::string framed(const std::string& bytes) {
  const std::uint64_t sum = hash_bytes(bytes);
  return std::string(reinterpret_cast<const char*>(&sum), sizeof(sum)) + bytes;
}

template <typename Message>
std::string framed(const Message& message) {
  return framed(message.SerializePartialAsString());
}

Request read_back(const Request& request) {
  const auto decoded = decode_request(encode(request));
  EXPECT_TRUE(decoded.has_value()) << (decoded ? "" : decoded.error());
  return decoded ? *decoded : Request{};
}

Response read_back(const Response& response) {
  const auto decoded = decode_response(encode(response));
  EXPECT_TRUE(decoded.has_value()) << (decoded ? "" : decoded.error());
  return decoded ? *decoded : Response{};
}

RC_GTEST_PROP(ClientCodec,
              AnAppendIsReadAsItIsWritten,
              (std::uint64_t id, const std::string& entry, std::uint64_t client)) {
  const auto ms = *rc::gen::inRange<std::int64_t>(1, 1'000'000);
  const IdempotencyKey key{client, id};
  const Request out = read_back({.id = id,
                                 .patience = Duration::milliseconds(ms),
                                 .body = AppendRequest{payload(entry), key}});
  RC_ASSERT(out.id == id);
  RC_ASSERT(out.patience == Duration::milliseconds(ms));
  const auto& append = std::get<AppendRequest>(out.body);
  RC_ASSERT(*append.entry == entry);
  RC_ASSERT(append.key == key);
}

TEST(ClientCodec, RequestsAreReadAsTheyAreWritten) {
  const auto range = std::get<ReadRequest>(
      read_back({.id = 1, .body = ReadRequest{Position{0}, Position::max()}}).body);
  EXPECT_EQ(range.from, Position{0});
  EXPECT_EQ(range.to, Position::max());
  const auto awaiting = std::get<ReadRequest>(
      read_back({.id = 1, .body = ReadRequest{Position{1}, Position{2}, Position{3}}}).body);
  EXPECT_EQ(awaiting.await, Position{3});
  EXPECT_EQ(range.await, std::nullopt);
  const auto open = std::get<ReadRequest>(read_back({.id = 1, .body = ReadRequest{}}).body);
  EXPECT_FALSE(open.from || open.to);
  const auto truncate =
      std::get<TruncateRequest>(read_back({.id = 1, .body = TruncateRequest{Position{7}}}).body);
  EXPECT_EQ(truncate.to, Position{7});
  EXPECT_TRUE(
      std::holds_alternative<StatusRequest>(read_back({.id = 1, .body = StatusRequest{}}).body));
  EXPECT_TRUE(
      std::holds_alternative<CatchupRequest>(read_back({.id = 1, .body = CatchupRequest{}}).body));
}

TEST(ClientCodec, EveryErrorIsReadAsItIsWritten) {
  std::set<std::string_view> names;
  for (int i = 1; i <= static_cast<int>(kLastSentError); ++i) {
    const Failed failed{static_cast<ErrorKind>(i), "why", Position{3}, NodeId{2}};
    EXPECT_EQ(std::get<Failed>(read_back(Response{9, failed}).body), failed);
    EXPECT_TRUE(names.insert(error_name(failed.kind)).second) << "two kinds have one name";
  }
  const Failed bare{ErrorKind::kUnknown, ""};
  EXPECT_EQ(std::get<Failed>(read_back(Response{9, bare}).body), bare);
}

TEST(ClientCodec, AnswersAreReadAsTheyAreWritten) {
  EXPECT_EQ(std::get<Written>(read_back(Response{1, Written{Position{5}}}).body).position,
            Position{5});
  EXPECT_EQ(std::get<CaughtUp>(read_back(Response{1, CaughtUp{}}).body).upto, std::nullopt);
  EXPECT_EQ(std::get<CaughtUp>(read_back(Response{1, CaughtUp{Position{0}}}).body).upto,
            Position{0});
  const MemberStatus status{.member = NodeId{3},
                            .status = Status::kRecovering,
                            .role = MemberRole::kCoordinator,
                            .begin = Position{4},
                            .end = Position{9},
                            .learned = Position{8},
                            .coordinator = NodeId{255},
                            .incarnation = {65'535},
                            .connected = 2,
                            .uptime = Duration::milliseconds(1'234),
                            .waits_for = "an operator"};
  EXPECT_EQ(std::get<MemberStatus>(read_back(Response{1, status}).body), status);
  const MemberStatus empty{.member = NodeId{1}};
  EXPECT_EQ(std::get<MemberStatus>(read_back(Response{1, empty}).body), empty);
  const Entries entries{
      {{Position{1}, payload("a"), {1, 2}}, {Position{3}, payload(std::string(1'000, '\0')), {}}},
      Position{4}};
  const auto out = std::get<Entries>(read_back(Response{1, entries}).body);
  ASSERT_EQ(out.entries.size(), 2u);
  EXPECT_EQ(*out.entries[1].bytes, std::string(1'000, '\0'));
  EXPECT_EQ(out.entries[0].key, (IdempotencyKey{1, 2}));
  EXPECT_EQ(out.next, Position{4});
}

TEST(ClientCodec, EveryChangedByteIsNoticed) {
  const std::string whole = encode(Request{1, Duration::seconds(1), TruncateRequest{Position{7}}});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(decode_request(changed).has_value()) << "byte " << i;
    EXPECT_FALSE(decode_request(whole.substr(0, i)).has_value()) << "length " << i;
  }
}

// --- refusals, with a checksum that fits

client::Request request_head() {
  client::Request request;
  request.set_id(1);
  request.set_patience_ms(1'000);
  return request;
}

void expect_refused(const client::Request& request, const char* why) {
  const auto decoded = decode_request(framed(request));
  ASSERT_FALSE(decoded.has_value()) << why;
  EXPECT_THAT(decoded.error(), HasSubstr("request"));
}

TEST(ClientCodecRefusal, Requests) {
  EXPECT_THAT(decode_request("short").error(), HasSubstr("shorter than its checksum"));
  EXPECT_THAT(decode_request(framed(std::string("\xff\xff\xff"))).error(),
              HasSubstr("no Protocol Buffers message"));
  expect_refused(client::Request(), "nothing in it");
  expect_refused(request_head(), "no body");

  client::Request two = request_head();
  two.mutable_status();
  two.mutable_catchup();
  expect_refused(two, "two bodies");

  client::Request impatient = request_head();
  impatient.set_patience_ms(0);
  impatient.mutable_status();
  EXPECT_THAT(decode_request(framed(impatient)).error(), HasSubstr("no patience"));

  client::Request empty = request_head();
  empty.mutable_append();
  expect_refused(empty, "an append without an entry");

  client::Request far = request_head();
  far.mutable_truncate()->set_to(~std::uint64_t{0});
  expect_refused(far, "the largest number is no position");
  client::Request range = request_head();
  range.mutable_read()->set_to(~std::uint64_t{0});
  expect_refused(range, "nor is it in a range");
  range.mutable_read()->clear_to();
  range.mutable_read()->set_from(~std::uint64_t{0});
  expect_refused(range, "at either end");

  client::Request later = request_head();
  later.mutable_status()->mutable_unknown_fields()->append("\x08\x01");
  expect_refused(later, "a field of a later release");
}

client::Response response_head() {
  client::Response response;
  response.set_id(1);
  return response;
}

void expect_refused(const client::Response& response, const char* why) {
  const auto decoded = decode_response(framed(response));
  ASSERT_FALSE(decoded.has_value()) << why;
  EXPECT_THAT(decoded.error(), HasSubstr("answer"));
}

TEST(ClientCodecRefusal, Answers) {
  expect_refused(client::Response(), "nothing in it");
  expect_refused(response_head(), "no body");

  client::Response two = response_head();
  two.mutable_caught_up();
  two.mutable_written()->set_position(1);
  expect_refused(two, "two bodies");

  for (const std::uint32_t kind : {0u, static_cast<std::uint32_t>(kLastSentError) + 1}) {
    client::Response failed = response_head();
    failed.mutable_failed()->set_kind(kind);
    failed.mutable_failed()->set_text("");
    expect_refused(failed, "no kind that is ever sent");
  }
  client::Response redirect = response_head();
  redirect.mutable_failed()->set_kind(1);
  redirect.mutable_failed()->set_text("");
  redirect.mutable_failed()->set_coordinator(256);
  expect_refused(redirect, "256 is no member");

  client::Response entries = response_head();
  for (int i = 0; i < 2; ++i) {
    client::Entry& entry = *entries.mutable_entries()->add_entries();
    entry.set_position(5);
    entry.set_entry("x");
  }
  expect_refused(entries, "one position twice");
}

TEST(ClientCodecRefusal, StatusOutOfBounds) {
  client::Response sound;
  ASSERT_TRUE(sound.ParseFromString(
      encode(Response{1, MemberStatus{.member = NodeId{1}}}).substr(sizeof(std::uint64_t))));
  const auto refused_with = [&](auto change) {
    client::Response response = sound;
    change(*response.mutable_status());
    expect_refused(response, "out of bounds");
  };
  using M = client::MemberStatus;
  refused_with([](M& m) { m.set_member(0); });
  refused_with([](M& m) { m.set_status(5); });
  refused_with([](M& m) { m.set_status(0); });
  refused_with([](M& m) { m.set_role(3); });
  refused_with([](M& m) { m.set_incarnation(65'536); });
  refused_with([](M& m) { m.set_coordinator(0); });
  refused_with([](M& m) { m.set_end(~std::uint64_t{0}); });
  refused_with([](M& m) { m.clear_begin(); });
  refused_with([](M& m) { m.set_waits_for(std::string(5'000, 'x')); });
}

// Whatever bytes come under a checksum that fits: an answer or a refusal, never more.
RC_GTEST_PROP(ClientCodecRefusal, Garbage, (const std::string& bytes)) {
  const std::string frame = framed(bytes);
  const auto request = decode_request(frame);
  const auto response = decode_response(frame);
  RC_ASSERT(request.has_value() || !request.error().empty());
  RC_ASSERT(response.has_value() || !response.error().empty());
}

// The same for frames that were sound once.
RC_GTEST_PROP(ClientCodecRefusal, DamagedFrames, (std::uint8_t flip)) {
  const Entries entries{{{Position{1}, payload("entry"), {1, 2}}}, Position{4}};
  std::string bytes = encode(Response{1, entries}).substr(sizeof(std::uint64_t));
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  bytes[at] = static_cast<char>(bytes[at] ^ flip);
  const auto response = decode_response(framed(bytes));
  RC_ASSERT(response.has_value() || !response.error().empty());
}

}  // namespace
}  // namespace holdfast::real
