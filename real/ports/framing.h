#pragma once

// Frames on a stream of bytes: four bytes of length, little endian, then as many bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/env/network.h"

namespace holdfast::real {

inline constexpr std::size_t kFrameHeaderBytes = 4;

// Requires: bytes < 4 GiB.
std::array<char, kFrameHeaderBytes> frame_header(std::size_t bytes);

// Cuts what a stream delivers into frames.  Holds no more than what has arrived: a length alone
// makes it allocate nothing.
class FrameDecoder {
 public:
  explicit FrameDecoder(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  // For the frames whose length has not arrived yet.
  void set_frame_bytes_max(std::size_t bytes) { frame_bytes_max_ = bytes; }

  // Takes the whole of the next frame out of the front of `bytes`, or all of `bytes` towards it.
  // None: more bytes are needed, or the stream is refused().
  Frame next(std::string_view& bytes);

  // A frame was longer than allowed.  Nothing after it can be understood.
  bool refused() const { return refused_; }

  // The length that was refused.
  std::size_t refused_bytes() const { return length_; }

 private:
  std::size_t frame_bytes_max_;
  std::array<char, kFrameHeaderBytes> header_{};
  std::size_t header_bytes_ = 0;
  std::size_t length_ = 0;
  bool refused_ = false;
  std::shared_ptr<std::string> body_;
};

}  // namespace holdfast::real
