#include "real/ports/framing.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace holdfast::real {
namespace {

std::string framed(std::string_view body) {
  const auto header = frame_header(body.size());
  return std::string(header.data(), header.size()).append(body);
}

// What comes out when `bytes` arrive in pieces.
std::vector<std::string> cut(FrameDecoder& decoder, std::string_view bytes, std::size_t piece) {
  std::vector<std::string> frames;
  for (std::size_t at = 0; at < bytes.size() && !decoder.refused(); at += piece) {
    std::string_view arrived = bytes.substr(at, piece);
    while (const Frame frame = decoder.next(arrived))
      frames.push_back(*frame);
    EXPECT_TRUE(arrived.empty() || decoder.refused());
  }
  return frames;
}

RC_GTEST_PROP(Framing, FramesComeOutAsTheyWentIn, (const std::vector<std::string>& frames)) {
  const auto piece = *rc::gen::inRange<std::size_t>(1, 64);
  std::string stream;
  for (const std::string& frame : frames)
    stream += framed(frame);
  FrameDecoder decoder(1 << 20);
  RC_ASSERT(cut(decoder, stream, piece) == frames);
  RC_ASSERT(!decoder.refused());
}

// Whatever arrives, no more is held than has arrived, and nothing crashes.
RC_GTEST_PROP(Framing, GarbageIsCutOrRefused, (const std::string& garbage)) {
  constexpr std::size_t kMax = 32;
  FrameDecoder decoder(kMax);
  std::size_t bytes = 0;
  for (const std::string& frame : cut(decoder, garbage, 7)) {
    RC_ASSERT(frame.size() <= kMax);
    bytes += frame.size() + kFrameHeaderBytes;
  }
  RC_ASSERT(bytes <= garbage.size());
}

TEST(Framing, AFrameOfTheLargestSizePasses) {
  FrameDecoder decoder(10);
  EXPECT_EQ(cut(decoder, framed("0123456789"), 3), std::vector<std::string>{"0123456789"});
  EXPECT_FALSE(decoder.refused());
}

TEST(Framing, ALongerFrameIsRefusedAtItsHeader) {
  FrameDecoder decoder(10);
  EXPECT_TRUE(cut(decoder, framed("0123456789a").substr(0, 4), 4).empty());
  EXPECT_TRUE(decoder.refused());
  EXPECT_EQ(decoder.refused_bytes(), 11u);
  std::string_view more = "more";
  EXPECT_EQ(decoder.next(more), nullptr);
}

TEST(Framing, OtherProtocolsAreRefusedAtOnce) {
  for (const char* text : {"GET / HTTP/1.1\r\n", "SSH-2.0-OpenSSH", "\x16\x03\x01\x02\x00\x01"}) {
    FrameDecoder decoder(1 << 20);
    EXPECT_TRUE(cut(decoder, text, 64).empty());
    EXPECT_TRUE(decoder.refused()) << text;
  }
}

TEST(Framing, TheBoundMayChangeBetweenFrames) {
  FrameDecoder decoder(4);
  const std::string stream = framed("four") + framed("longer");
  std::string_view bytes = stream;
  EXPECT_EQ(*decoder.next(bytes), "four");
  decoder.set_frame_bytes_max(6);
  EXPECT_EQ(*decoder.next(bytes), "longer");
}

}  // namespace
}  // namespace holdfast::real
