// What clients and members say to each other, behind its checksum, which is made right here: it
// would keep nearly all mutations out.

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "real/client/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::real;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(decode_request(bytes));
  static_cast<void>(decode_response(bytes));
  const std::uint64_t sum = holdfast::hash_bytes(bytes);
  std::string frame(reinterpret_cast<const char*>(&sum), sizeof sum);
  frame.append(bytes);
  // What decodes encodes to something that decodes to the same.
  if (const auto request = decode_request(frame)) {
    const std::string once = encode(*request);
    const auto again = decode_request(once);
    HOLDFAST_CHECK(again.has_value());
    HOLDFAST_CHECK(encode(*again) == once);
  } else {
    HOLDFAST_CHECK(!request.error().empty());
  }
  if (const auto response = decode_response(frame)) {
    const std::string once = encode(*response);
    const auto again = decode_response(once);
    HOLDFAST_CHECK(again.has_value());
    HOLDFAST_CHECK(encode(*again) == once);
  } else {
    HOLDFAST_CHECK(!response.error().empty());
  }
  return 0;
}
