#include "protocol/codec/codec.h"

#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "protocol/codec/parse.h"
#include "protocol/codec/print.h"

namespace holdfast {

namespace {

constexpr std::size_t kChecksumBytes = 8;
// Protocol Buffers counts in int.
constexpr std::size_t kMessageMax = std::numeric_limits<int>::max();

void store_checksum(std::uint64_t sum, char* at) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(at, &sum, kChecksumBytes);
}

std::uint64_t load_checksum(const char* at) {
  std::uint64_t sum = 0;
  std::memcpy(&sum, at, kChecksumBytes);
  return sum;
}

template <typename M>
bool parse_message(M& message, std::string_view bytes) {
  message.Clear();
  return message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

template <typename M>
void serialize(const M& message, std::string& out, std::size_t reserved) {
  const std::size_t size = message.ByteSizeLong();
  HOLDFAST_REQUIRE(size <= kMessageMax, size);
  out.resize(reserved + size);
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(out.data()) + reserved);
}

tl::unexpected<CodecError> refuse(std::string text) {
  return tl::unexpected(CodecError{std::move(text)});
}

}  // namespace

struct Codec::Scratch {
  log::Record record;
  wire::Envelope envelope;

  tl::expected<Record, CodecError> parse_record(std::string_view bytes,
                                                codec::Payloads payloads,
                                                RecordMark* mark) {
    if (bytes.size() > kMessageMax) return refuse("record is larger than 2 GiB");
    if (!parse_message(record, bytes)) return refuse("record is not a Protocol Buffers message");
    codec::Parser parser(payloads, codec::Origin::kDisk);
    Record out;
    RecordMark read;
    if (!parser.record(record, out, read)) return refuse(parser.take_text());
    if (mark != nullptr) *mark = read;
    return out;
  }
};

Codec::Codec() : scratch_(std::make_unique<Scratch>()) {}

Codec::~Codec() = default;

Frame Codec::encode(const Envelope& envelope) {
  HOLDFAST_REQUIRE(envelope.sender.value != 0);
  wire::Envelope& message = scratch_->envelope;
  message.Clear();
  codec::print(envelope, message);
  auto frame = std::make_shared<std::string>();
  serialize(message, *frame, kChecksumBytes);
  store_checksum(hash_bytes(std::string_view(*frame).substr(kChecksumBytes)), frame->data());
  return frame;
}

tl::expected<Envelope, CodecError> Codec::decode(std::string_view frame) {
  if (frame.size() < kChecksumBytes) return refuse("frame is shorter than its checksum");
  if (frame.size() > kMessageMax) return refuse("frame is larger than 2 GiB");
  const std::string_view rest = frame.substr(kChecksumBytes);
  if (hash_bytes(rest) != load_checksum(frame.data())) {
    return refuse("frame does not match its checksum");
  }
  if (!parse_message(scratch_->envelope, rest)) {
    return refuse("frame is not a Protocol Buffers message");
  }
  codec::Parser parser(codec::Payloads::kTake, codec::Origin::kMember);
  tl::expected<Envelope, CodecError> out;
  if (!parser.envelope(scratch_->envelope, *out)) return refuse(parser.take_text());
  return out;
}

void Codec::encode_record(const Action& action, std::string& out, const RecordMark& mark) {
  HOLDFAST_REQUIRE(mark.learned_below <= action.position.next(), action.position);
  HOLDFAST_REQUIRE(!mark.alone || !action.learned, action.position);
  log::Record& record = scratch_->record;
  record.Clear();
  record.set_type(log::Record::ACTION);
  codec::print(action, *record.mutable_action());
  if (mark.learned_below > Position{0}) record.set_learned_below(mark.learned_below.value);
  if (mark.alone) record.set_alone(true);
  serialize(record, out, 0);
}

void Codec::encode_record(const Metadata& metadata, std::string& out) {
  log::Record& record = scratch_->record;
  record.Clear();
  record.set_type(log::Record::METADATA);
  codec::print(metadata, *record.mutable_metadata());
  serialize(record, out, 0);
}

tl::expected<Record, CodecError> Codec::decode_record(std::string_view bytes, RecordMark* mark) {
  return scratch_->parse_record(bytes, codec::Payloads::kTake, mark);
}

tl::expected<Record, CodecError> Codec::outline_record(std::string_view bytes, RecordMark* mark) {
  return scratch_->parse_record(bytes, codec::Payloads::kDrop, mark);
}

}  // namespace holdfast
