// What strangers say first: frames cut out of a stream in any pieces, and the hello and its answer.

#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/env/check.h"

#include "real/ports/framing.h"
#include "real/ports/hello.h"

namespace holdfast::real {
namespace {

void check_hello(std::string_view bytes) {
  if (const auto hello = decode_hello(bytes)) {
    const auto again = decode_hello(encode(*hello));
    HOLDFAST_CHECK(again.has_value());
    HOLDFAST_CHECK(encode(*again) == encode(*hello));
  }
  if (const auto welcome = decode_welcome(bytes)) {
    const auto again = decode_welcome(encode(*welcome));
    HOLDFAST_CHECK(again.has_value());
    HOLDFAST_CHECK(encode(*again) == encode(*welcome));
  }
}

// However a stream is cut, the same frames come out of it.
std::vector<std::string> frames_of(std::string_view stream, std::size_t piece) {
  FrameDecoder decoder(1000);
  std::vector<std::string> frames;
  while (!stream.empty() && !decoder.refused()) {
    std::string_view arrived = stream.substr(0, piece);
    stream.remove_prefix(arrived.size());
    while (const Frame frame = decoder.next(arrived)) {
      HOLDFAST_CHECK(frame->size() <= 1000, frame->size());
      frames.push_back(*frame);
    }
  }
  return frames;
}

}  // namespace
}  // namespace holdfast::real

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::real;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_hello(bytes);
  const auto frames = frames_of(bytes, SIZE_MAX);
  HOLDFAST_CHECK(frames == frames_of(bytes, 1));
  HOLDFAST_CHECK(frames == frames_of(bytes, 7));
  for (const std::string& frame : frames)
    check_hello(frame);
  return 0;
}
