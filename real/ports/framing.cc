#include "real/ports/framing.h"

#include <algorithm>
#include <limits>

#include "protocol/env/check.h"

namespace holdfast::real {

std::array<char, kFrameHeaderBytes> frame_header(std::size_t bytes) {
  HOLDFAST_REQUIRE(bytes <= std::numeric_limits<std::uint32_t>::max(), bytes);
  std::array<char, kFrameHeaderBytes> header{};
  for (std::size_t i = 0; i < header.size(); ++i) {
    header[i] = static_cast<char>(bytes >> (8 * i) & 0xff);
  }
  return header;
}

Frame FrameDecoder::next(std::string_view& bytes) {
  if (refused_) return nullptr;
  while (header_bytes_ < kFrameHeaderBytes) {
    if (bytes.empty()) return nullptr;
    header_[header_bytes_++] = bytes.front();
    bytes.remove_prefix(1);
    if (header_bytes_ < kFrameHeaderBytes) continue;
    length_ = 0;
    for (std::size_t i = 0; i < kFrameHeaderBytes; ++i) {
      length_ |= std::size_t{static_cast<unsigned char>(header_[i])} << (8 * i);
    }
    if (length_ > frame_bytes_max_) {
      refused_ = true;
      return nullptr;
    }
    body_ = std::make_shared<std::string>();
  }
  const std::size_t taken = std::min(bytes.size(), length_ - body_->size());
  body_->append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  if (body_->size() < length_) return nullptr;
  header_bytes_ = 0;
  return std::move(body_);
}

}  // namespace holdfast::real
