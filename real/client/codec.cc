#include "real/client/codec.h"

#include <cstring>
#include <limits>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "real/client/client.pb.h"

namespace holdfast::real {
namespace {

constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kMessageMax = std::numeric_limits<int>::max();
// Of a text for people.
constexpr std::size_t kTextMax = 2048;

tl::unexpected<std::string> refuse(std::string_view where, std::string_view why) {
  return tl::unexpected(std::string(where).append(" ").append(why));
}

// An empty message of this thread: most of what the last one needed is there already.
template <typename Message>
Message& scratch() {
  thread_local Message message;
  message.Clear();
  return message;
}

template <typename Message>
std::string frame_of(const Message& message) {
  const std::size_t size = message.ByteSizeLong();
  HOLDFAST_REQUIRE(size <= kMessageMax, size);
  std::string out(kChecksumBytes + size, '\0');
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(out.data()) +
                                          kChecksumBytes);
  const std::uint64_t sum = hash_bytes(std::string_view(out).substr(kChecksumBytes));
  std::memcpy(out.data(), &sum, kChecksumBytes);
  return out;
}

// Empty: `message` was read.
template <typename Message>
std::string_view read_frame(std::string_view frame, Message& message) {
  if (frame.size() < kChecksumBytes) return "is shorter than its checksum";
  if (frame.size() > kMessageMax) return "is larger than 2 GiB";
  std::uint64_t sum = 0;
  std::memcpy(&sum, frame.data(), kChecksumBytes);
  frame.remove_prefix(kChecksumBytes);
  if (hash_bytes(frame) != sum) return "does not match its checksum";
  if (!message.ParsePartialFromArray(frame.data(), static_cast<int>(frame.size()))) {
    return "is no Protocol Buffers message";
  }
  return "";
}

template <typename Message>
bool whole(const Message& message) {
  return message.IsInitialized() && message.unknown_fields().empty();
}

constexpr std::string_view kPartial = "lacks a field, or holds one this release does not know";

bool is_position(std::uint64_t value) {
  return Position{value} <= Position::max();
}

bool is_member(std::uint32_t value) {
  return value >= 1 && value <= 255;
}

template <typename Message>
void set_key(const IdempotencyKey& key, Message& out) {
  if (key == IdempotencyKey{}) return;
  out.set_key_client(key.client);
  out.set_key_sequence(key.sequence);
}

template <typename Message>
IdempotencyKey key_of(const Message& in) {
  return {in.key_client(), in.key_sequence()};
}

// --- requests

void print(const AppendRequest& in, client::Request& out) {
  HOLDFAST_REQUIRE(in.entry != nullptr);
  client::AppendRequest& append = *out.mutable_append();
  append.set_entry(*in.entry);
  set_key(in.key, append);
}

void print(const ReadRequest& in, client::Request& out) {
  client::ReadRequest& read = *out.mutable_read();
  if (in.from) read.set_from(in.from->value);
  if (in.to) read.set_to(in.to->value);
  if (in.await) read.set_await(in.await->value);
}

void print(const TruncateRequest& in, client::Request& out) {
  out.mutable_truncate()->set_to(in.to.value);
}

void print(const StatusRequest&, client::Request& out) {
  out.mutable_status();
}

void print(const CatchupRequest&, client::Request& out) {
  out.mutable_catchup();
}

bool parse(client::AppendRequest& in, Request& out) {
  if (!whole(in)) return false;
  out.body = AppendRequest{std::make_shared<const std::string>(std::move(*in.mutable_entry())),
                           key_of(in)};
  return true;
}

bool parse(const client::ReadRequest& in, Request& out) {
  ReadRequest read;
  if (in.has_from()) read.from = Position{in.from()};
  if (in.has_to()) read.to = Position{in.to()};
  if (in.has_await()) read.await = Position{in.await()};
  out.body = read;
  return whole(in) && is_position(in.from()) && is_position(in.to()) && is_position(in.await());
}

bool parse(const client::TruncateRequest& in, Request& out) {
  out.body = TruncateRequest{Position{in.to()}};
  return whole(in) && is_position(in.to());
}

// --- responses

void print(const Failed& in, client::Response& out) {
  HOLDFAST_REQUIRE(in.kind <= kLastSentError, in.kind);
  client::Failed& failed = *out.mutable_failed();
  failed.set_kind(static_cast<std::uint32_t>(in.kind));
  failed.set_text(in.text.substr(0, kTextMax));
  if (in.position) failed.set_position(in.position->value);
  if (in.coordinator) failed.set_coordinator(in.coordinator->value);
}

void print(const Written& in, client::Response& out) {
  out.mutable_written()->set_position(in.position.value);
}

void print(const Entries& in, client::Response& out) {
  client::Entries& entries = *out.mutable_entries();
  for (const ReadEntry& entry : in.entries) {
    client::Entry& one = *entries.add_entries();
    one.set_position(entry.position.value);
    one.set_entry(*entry.bytes);
    set_key(entry.key, one);
  }
  if (in.next) entries.set_next(in.next->value);
}

void print(const MemberStatus& in, client::Response& out) {
  client::MemberStatus& status = *out.mutable_status();
  status.set_member(in.member.value);
  status.set_status(static_cast<std::uint32_t>(in.status));
  status.set_role(static_cast<std::uint32_t>(in.role));
  status.set_begin(in.begin.value);
  if (in.end) status.set_end(in.end->value);
  if (in.learned) status.set_learned(in.learned->value);
  if (in.coordinator) status.set_coordinator(in.coordinator->value);
  status.set_incarnation(in.incarnation.value);
  status.set_connected(in.connected);
  if (!in.waits_for.empty()) status.set_waits_for(in.waits_for.substr(0, kTextMax));
  status.set_uptime_ms(static_cast<std::uint64_t>(in.uptime.ns() / 1'000'000));
}

void print(const CaughtUp& in, client::Response& out) {
  client::CaughtUp& caught_up = *out.mutable_caught_up();
  if (in.upto) caught_up.set_upto(in.upto->value);
}

bool parse(const client::Failed& in, Response& out) {
  if (!whole(in) || in.kind() < 1 || in.kind() > static_cast<std::uint32_t>(kLastSentError) ||
      in.text().size() > kTextMax || !is_position(in.position())) {
    return false;
  }
  Failed failed{.kind = static_cast<ErrorKind>(in.kind()), .text = in.text()};
  if (in.has_position()) failed.position = Position{in.position()};
  if (in.has_coordinator()) {
    if (!is_member(in.coordinator())) return false;
    failed.coordinator = NodeId{static_cast<std::uint8_t>(in.coordinator())};
  }
  out.body = std::move(failed);
  return true;
}

bool parse(const client::Written& in, Response& out) {
  out.body = Written{Position{in.position()}};
  return whole(in) && is_position(in.position());
}

bool parse(client::Entries& in, Response& out) {
  Entries entries;
  for (client::Entry& entry : *in.mutable_entries()) {
    const Position position{entry.position()};
    if (!whole(entry) || !is_position(entry.position())) return false;
    if (!entries.entries.empty() && position <= entries.entries.back().position) return false;
    entries.entries.push_back(
        {position,
         std::make_shared<const std::string>(std::move(*entry.mutable_entry())),
         key_of(entry)});
  }
  if (in.has_next()) entries.next = Position{in.next()};
  out.body = std::move(entries);
  return in.unknown_fields().empty() && is_position(in.next());
}

bool parse(const client::MemberStatus& in, Response& out) {
  const bool known = whole(in) && is_member(in.member()) && in.status() >= 1 && in.status() <= 4 &&
                     in.role() >= 1 && in.role() <= 2 && in.incarnation() <= 0xffff &&
                     is_position(in.begin()) && is_position(in.end()) &&
                     is_position(in.learned()) &&
                     (!in.has_coordinator() || is_member(in.coordinator())) &&
                     in.uptime_ms() < 1'000'000'000'000 && in.waits_for().size() <= kTextMax;
  if (!known) return false;
  MemberStatus status{.member = NodeId{static_cast<std::uint8_t>(in.member())},
                      .status = static_cast<Status>(in.status()),
                      .role = static_cast<MemberRole>(in.role()),
                      .begin = Position{in.begin()},
                      .incarnation = {static_cast<std::uint16_t>(in.incarnation())},
                      .connected = in.connected(),
                      .uptime = Duration::milliseconds(static_cast<std::int64_t>(in.uptime_ms())),
                      .waits_for = in.waits_for()};
  if (in.has_end()) status.end = Position{in.end()};
  if (in.has_learned()) status.learned = Position{in.learned()};
  if (in.has_coordinator()) {
    status.coordinator = NodeId{static_cast<std::uint8_t>(in.coordinator())};
  }
  out.body = std::move(status);
  return true;
}

bool parse(const client::CaughtUp& in, Response& out) {
  CaughtUp caught_up;
  if (in.has_upto()) caught_up.upto = Position{in.upto()};
  out.body = caught_up;
  return whole(in) && is_position(in.upto());
}

bool parse_body(client::Request& in, Request& out) {
  const int carried =
      in.has_append() + in.has_read() + in.has_truncate() + in.has_status() + in.has_catchup();
  if (carried != 1) return false;
  if (in.has_append()) return parse(*in.mutable_append(), out);
  if (in.has_read()) return parse(in.read(), out);
  if (in.has_truncate()) return parse(in.truncate(), out);
  if (in.has_status()) {
    out.body = StatusRequest{};
    return whole(in.status());
  }
  out.body = CatchupRequest{};
  return whole(in.catchup());
}

bool parse_body(client::Response& in, Response& out) {
  const int carried =
      in.has_failed() + in.has_written() + in.has_entries() + in.has_status() + in.has_caught_up();
  if (carried != 1) return false;
  if (in.has_failed()) return parse(in.failed(), out);
  if (in.has_written()) return parse(in.written(), out);
  if (in.has_entries()) return parse(*in.mutable_entries(), out);
  if (in.has_status()) return parse(in.status(), out);
  return parse(in.caught_up(), out);
}

}  // namespace

std::string encode(const Request& request) {
  const std::int64_t ms = request.patience.ns() / 1'000'000;
  HOLDFAST_REQUIRE(ms > 0 && ms <= std::numeric_limits<std::uint32_t>::max(), ms);
  client::Request& message = scratch<client::Request>();
  message.set_id(request.id);
  message.set_patience_ms(static_cast<std::uint32_t>(ms));
  std::visit([&](const auto& body) { print(body, message); }, request.body);
  return frame_of(message);
}

std::string encode(const Response& response) {
  client::Response& message = scratch<client::Response>();
  message.set_id(response.id);
  std::visit([&](const auto& body) { print(body, message); }, response.body);
  return frame_of(message);
}

tl::expected<Request, std::string> decode_request(std::string_view frame) {
  client::Request& message = scratch<client::Request>();
  if (const auto wrong = read_frame(frame, message); !wrong.empty()) {
    return refuse("request", wrong);
  }
  if (!message.has_id() || !message.has_patience_ms() || !message.unknown_fields().empty()) {
    return refuse("request", kPartial);
  }
  if (message.patience_ms() == 0) return refuse("request", "has no patience");
  Request out;
  out.id = message.id();
  out.patience = Duration::milliseconds(message.patience_ms());
  if (!parse_body(message, out)) return refuse("request", "has not exactly one sound body");
  return out;
}

tl::expected<Response, std::string> decode_response(std::string_view frame) {
  client::Response& message = scratch<client::Response>();
  if (const auto wrong = read_frame(frame, message); !wrong.empty()) {
    return refuse("answer", wrong);
  }
  if (!message.has_id() || !message.unknown_fields().empty()) return refuse("answer", kPartial);
  Response out;
  out.id = message.id();
  if (!parse_body(message, out)) return refuse("answer", "has not exactly one sound body");
  return out;
}

}  // namespace holdfast::real
