#include "real/ports/hello.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace holdfast::real {
namespace {

Hello member_hello() {
  return {.cluster = 0x1122334455667788, .log = 3, .config = 9, .sender = {2}, .receiver = {1}};
}

Hello own_hello() {
  Hello own = member_hello();
  own.sender = {1};
  own.receiver = {};
  return own;
}

TEST(Hello, IsReadAsItIsWritten) {
  const Hello hello = member_hello();
  EXPECT_EQ(decode_hello(encode(hello)), hello);
  EXPECT_LE(encode(hello).size(), kHelloBytesMax);
}

TEST(Hello, EveryChangedByteIsNoticed) {
  const std::string whole = encode(member_hello());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    EXPECT_EQ(decode_hello(changed), std::nullopt) << "byte " << i;
    EXPECT_EQ(decode_hello(whole.substr(0, i)), std::nullopt) << "length " << i;
  }
}

TEST(Hello, EveryDifferenceHasItsVerdict) {
  const Hello own = own_hello();
  EXPECT_EQ(judge(member_hello(), own), Verdict::kWelcome);
  const auto verdict_with = [&](auto change) {
    Hello hello = member_hello();
    change(hello);
    return judge(hello, own);
  };
  EXPECT_EQ(verdict_with([](Hello& h) { h.version_min = h.version_max = 2; }), Verdict::kVersion);
  EXPECT_EQ(verdict_with([](Hello& h) { h.version_max = 9; }), Verdict::kWelcome);
  EXPECT_EQ(verdict_with([](Hello& h) { h.party = Party::kClient; }), Verdict::kParty);
  EXPECT_EQ(verdict_with([](Hello& h) { ++h.cluster; }), Verdict::kCluster);
  EXPECT_EQ(verdict_with([](Hello& h) { ++h.log; }), Verdict::kLog);
  EXPECT_EQ(verdict_with([](Hello& h) { ++h.config; }), Verdict::kMemberList);
  EXPECT_EQ(verdict_with([](Hello& h) { h.receiver = {3}; }), Verdict::kWrongReceiver);
}

TEST(Welcome, IsReadAsItIsWritten) {
  std::set<std::string_view> texts;
  for (int i = 0; i <= static_cast<int>(Verdict::kFull); ++i) {
    const Welcome welcome{static_cast<Verdict>(i), 0x12345678, 0x9abc};
    EXPECT_EQ(decode_welcome(encode(welcome)), welcome);
    EXPECT_TRUE(texts.insert(verdict_text(welcome.verdict)).second) << "two verdicts read alike";
  }
}

TEST(Welcome, MayHaveMoreThanThisVersionKnows) {
  const Welcome welcome{Verdict::kWelcome, 7};
  EXPECT_EQ(decode_welcome(encode(welcome) + "more"), welcome);
  const Welcome refusal{static_cast<Verdict>(200)};
  EXPECT_EQ(decode_welcome(encode(refusal)), refusal);
  EXPECT_NE(verdict_text(refusal.verdict).find("newer release"), std::string_view::npos);
}

TEST(Hello, TheLatestVersionThatBothSpeakIsSpoken) {
  const auto common = [](std::uint16_t min, std::uint16_t max) {
    return common_version({.version_min = 2, .version_max = 4},
                          {.version_min = min, .version_max = max});
  };
  EXPECT_EQ(common(1, 3), 3);
  EXPECT_EQ(common(1, 2), 2);
  EXPECT_EQ(common(3, 9), 4);
  EXPECT_EQ(common(4, 4), 4);
  EXPECT_EQ(common(1, 1), std::nullopt);
  EXPECT_EQ(common(5, 9), std::nullopt);
}

TEST(Welcome, MustBeOfAVersionThatIsSpoken) {
  const Hello own{.version_min = 2, .version_max = 3};
  const auto refusal = [&](std::uint16_t version) {
    return refusal_in({Verdict::kWelcome, 7, version}, own);
  };
  EXPECT_EQ(refusal(2), "");
  EXPECT_EQ(refusal(3), "");
  EXPECT_NE(refusal(1).find("upgrade"), std::string_view::npos);
  EXPECT_NE(refusal(4).find("upgrade"), std::string_view::npos);
  EXPECT_EQ(refusal_in({Verdict::kLog, 7, 2}, own), verdict_text(Verdict::kLog));
}

TEST(Welcome, AnythingElseIsNone) {
  const std::string whole = encode(Welcome{Verdict::kFull, 1});
  EXPECT_EQ(decode_welcome(""), std::nullopt);
  EXPECT_EQ(decode_welcome(whole.substr(0, whole.size() - 1)), std::nullopt);
  EXPECT_EQ(decode_welcome(whole + std::string(kHelloBytesMax, 'x')), std::nullopt);
  EXPECT_EQ(decode_welcome(encode(member_hello())), std::nullopt);
}

}  // namespace
}  // namespace holdfast::real
