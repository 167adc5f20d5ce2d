// Random mutations of good frames and records, behind the entry point a fuzzing engine calls.
// Whatever the bytes: no crash, and what decodes encodes to something that decodes again.

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "protocol/codec/codec.h"

namespace holdfast {
namespace {

void check_record(Codec& codec, std::string_view bytes) {
  const bool outlined = codec.outline_record(bytes).has_value();
  const auto record = codec.decode_record(bytes);
  HOLDFAST_CHECK(outlined == record.has_value());
  if (!record) {
    HOLDFAST_CHECK(!record.error().text.empty());
    return;
  }
  std::string again;
  if (const auto* action = std::get_if<Action>(&*record)) codec.encode_record(*action, again);
  if (const auto* metadata = std::get_if<Metadata>(&*record)) codec.encode_record(*metadata, again);
  if (!again.empty()) HOLDFAST_CHECK(codec.decode_record(again).has_value());
}

// The checksum keeps nearly all mutations out; it is made right to test what lies behind it.
void check_frame(Codec& codec, std::string_view rest) {
  const std::uint64_t sum = hash_bytes(rest);
  std::string frame(reinterpret_cast<const char*>(&sum), sizeof sum);
  frame.append(rest);
  const auto envelope = codec.decode(frame);
  if (!envelope) {
    HOLDFAST_CHECK(!envelope.error().text.empty());
    return;
  }
  HOLDFAST_CHECK(codec.decode(*codec.encode(*envelope)).has_value());
}

}  // namespace
}  // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  holdfast::Codec codec;
  static_cast<void>(codec.decode(bytes));
  holdfast::check_frame(codec, bytes);
  holdfast::check_record(codec, bytes);
  return 0;
}

namespace holdfast {
namespace {

// Draws keyed by (iteration, counter).
class Draw {
 public:
  explicit Draw(std::uint64_t key) : key_(key) {}

  std::uint64_t below(std::uint64_t bound) { return mix(key_, ++count_) % bound; }

 private:
  std::uint64_t key_;
  std::uint64_t count_ = 0;
};

Envelope around(Message body) {
  Envelope envelope;
  envelope.cluster = 0x1122334455667788;
  envelope.log = 1;
  envelope.config = 77;
  envelope.sender = {3};
  envelope.incarnation = {2};
  envelope.boot = {0x99};
  envelope.request = {300};
  envelope.chosen = {Ballot::of(9, 1, {3}), {1000}};
  envelope.known = {{{1}, {2}, {2}}, {{3}, {300}, {200}}};
  envelope.body = std::move(body);
  return envelope;
}

Action example(Position at) {
  Action action;
  action.position = at;
  action.promised = action.performed = Ballot::of(5, 0, {2});
  action.learned = true;
  action.value = Value::append(std::make_shared<const std::string>("some payload"), {4, 5});
  return action;
}

std::vector<std::string> frames(Codec& codec) {
  PromiseReply promise;
  promise.answer = Answer::kAccept;
  promise.position = Position{7};
  promise.action = example({7});
  WriteReply write;
  write.answer = Answer::kTruncated;
  write.begin = {{8}, Position{20}};
  RecoverReply recover;
  recover.status = Status::kVoting;
  recover.end = {9};
  const Message bodies[] = {
      PromiseRequest{{8}, Position{3}},
      promise,
      WriteRequest{{8}, {1ull << 40}, *example({1}).value},
      write,
      Learned{example({7})},
      FetchRequest{{1}, {9}},
      FetchReply{{1}, {9}, {example({2}), example({4})}, {}},
      RecoverRequest{},
      RecoverRequest{Incarnation{3}},
      RecoverRequest{Incarnation{3}, true},
      recover,
      ChosenNotice{},
      Heartbeat{{8}, true},
      HeartbeatReply{{8}, true},
      CanvassRequest{},
      CanvassReply{true, {8}, {2}, {8}},
      HandOver{{8}},
      CloseRequest{{77}},
  };
  std::vector<std::string> all;
  for (const Message& body : bodies)
    all.push_back(codec.encode(around(body))->substr(8));
  return all;
}

std::vector<std::string> corpus() {
  Codec codec;
  std::vector<std::string> all = frames(codec);
  std::string record;
  codec.encode_record(example({7}), record);
  all.push_back(record);
  Metadata metadata;
  metadata.status = Status::kVoting;
  metadata.member = {1};
  metadata.known = {{{1}, {2}, {2}}, {{3}, {4}, {1}}};
  codec.encode_record(metadata, record);
  all.push_back(record);
  return all;
}

void mutate(std::string& bytes, const std::vector<std::string>& seeds, Draw& draw) {
  const std::size_t at = bytes.empty() ? 0 : draw.below(bytes.size());
  switch (draw.below(6)) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << draw.below(8)));
      return;
    case 1:
      if (!bytes.empty()) bytes[at] = static_cast<char>(draw.below(256));
      return;
    case 2:
      bytes.insert(at, 1, static_cast<char>(draw.below(256)));
      return;
    case 3:
      if (!bytes.empty()) bytes.erase(at, 1 + draw.below(4));
      return;
    case 4:
      bytes.resize(at);
      return;
    default: {
      const std::string& other = seeds[draw.below(seeds.size())];
      const std::size_t from = draw.below(other.size());
      bytes.insert(at, other.substr(from, 1 + draw.below(16)));
      return;
    }
  }
}

void run(std::string_view bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

TEST(CodecFuzz, MutatedBytesNeverCrash) {
  const std::vector<std::string> seeds = corpus();
  for (const std::string& seed : seeds)
    run(seed);
  for (std::uint64_t i = 0; i < 60'000; ++i) {
    Draw draw(i);
    std::string bytes = seeds[draw.below(seeds.size())];
    for (std::uint64_t n = 1 + draw.below(4); n > 0; --n)
      mutate(bytes, seeds, draw);
    run(bytes);
  }
}

TEST(CodecFuzz, NoiseNeverCrashes) {
  for (std::uint64_t i = 0; i < 30'000; ++i) {
    Draw draw(i);
    std::string bytes(draw.below(64), '\0');
    for (char& c : bytes)
      c = static_cast<char>(draw.below(256));
    run(bytes);
  }
}

}  // namespace
}  // namespace holdfast
