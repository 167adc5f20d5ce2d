#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "protocol/codec/codec.h"

namespace holdfast {
namespace {

Envelope around(Message body) {
  Envelope envelope;
  envelope.cluster = 0x1122334455667788;
  envelope.log = 1;
  envelope.config = 0x99aabbccddeeff00;
  envelope.sender = {3};
  envelope.boot = {0x0123456789abcdef};
  envelope.echo = {0xfedcba9876543210};
  envelope.request = {12'345};
  envelope.chosen = {Ballot::of(9, 0, {3}), {1'000}};
  envelope.body = std::move(body);
  return envelope;
}

Value payload(std::size_t bytes) {
  return Value::append(std::make_shared<const std::string>(bytes, 'x'), {0x1234, 77});
}

Message write_request(std::size_t bytes) {
  return WriteRequest{Ballot::of(9, 0, {3}), {1'001}, payload(bytes)};
}

Message write_reply() {
  WriteReply reply;
  reply.answer = Answer::kAccept;
  reply.ballot = Ballot::of(9, 0, {3});
  reply.position = {1'001};
  return reply;
}

void encode(benchmark::State& state, const Message& body) {
  Codec codec;
  const Envelope envelope = around(body);
  for (auto _ : state)
    benchmark::DoNotOptimize(codec.encode(envelope));
  state.counters["bytes"] = static_cast<double>(codec.encode(envelope)->size());
}

void decode(benchmark::State& state, const Message& body) {
  Codec codec;
  const Frame frame = codec.encode(around(body));
  for (auto _ : state)
    benchmark::DoNotOptimize(codec.decode(*frame));
}

// Alternating kinds, as a node sees them.
void decode_mixed(benchmark::State& state) {
  Codec codec;
  const Frame frames[] = {codec.encode(around(write_request(100))),
                          codec.encode(around(write_reply()))};
  std::size_t turn = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(codec.decode(*frames[turn++ % 2]));
}

Action action() {
  Action action;
  action.position = {1'001};
  action.promised = action.performed = Ballot::of(9, 0, {3});
  action.learned = true;
  action.value = payload(100);
  return action;
}

void encode_record(benchmark::State& state) {
  Codec codec;
  const Action stored = action();
  std::string bytes;
  for (auto _ : state) {
    codec.encode_record(stored, bytes);
    benchmark::DoNotOptimize(bytes);
  }
}

void outline_record(benchmark::State& state) {
  Codec codec;
  std::string bytes;
  codec.encode_record(action(), bytes);
  for (auto _ : state)
    benchmark::DoNotOptimize(codec.outline_record(bytes));
}

BENCHMARK_CAPTURE(encode, write_request_100, write_request(100));
BENCHMARK_CAPTURE(encode, write_request_64k, write_request(65'536));
BENCHMARK_CAPTURE(encode, write_reply, write_reply());
BENCHMARK_CAPTURE(decode, write_request_100, write_request(100));
BENCHMARK_CAPTURE(decode, write_request_64k, write_request(65'536));
BENCHMARK_CAPTURE(decode, write_reply, write_reply());
BENCHMARK(decode_mixed);
BENCHMARK(encode_record);
BENCHMARK(outline_record);

}  // namespace
}  // namespace holdfast

BENCHMARK_MAIN();
