// Frames between members, and records.  Whatever the bytes: no crash, and what decodes encodes to
// something that decodes again.

#include <cstdint>
#include <string>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "protocol/codec/codec.h"

namespace holdfast {
namespace {

void check_record(Codec& codec, std::string_view bytes) {
  const bool outlined = codec.outline_record(bytes).has_value();
  RecordMark mark;
  const auto record = codec.decode_record(bytes, &mark);
  HOLDFAST_CHECK(outlined == record.has_value());
  if (!record) {
    HOLDFAST_CHECK(!record.error().text.empty());
    return;
  }
  std::string again;
  if (const auto* action = std::get_if<Action>(&*record)) codec.encode_record(*action, again, mark);
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
