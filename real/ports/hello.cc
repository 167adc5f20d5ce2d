#include "real/ports/hello.h"

#include <algorithm>
#include <cstring>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "real/ports/little_endian.h"

namespace holdfast::real {
namespace {

// Also tells a hello from an answer, so that a port that only echoes is not taken for a member.
constexpr std::string_view kHelloMagic = "hfhello\n";
constexpr std::string_view kWelcomeMagic = "hfreply\n";

constexpr std::size_t kHelloBytes = 8 + 2 + 2 + 1 + 1 + 1 + 3 * 8 + 8;
static_assert(kHelloBytes <= kHelloBytesMax);
constexpr std::size_t kWelcomeBytes = 8 + 1 + 4 + 2;

}  // namespace

std::string_view verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWelcome:
      return "welcome";
    case Verdict::kGarbage:
      return "what was sent is no holdfast hello";
    case Verdict::kVersion:
      return "no version of the wire protocol in common: upgrade the older side";
    case Verdict::kParty:
      return "this is the other port: members call members[].address, clients call "
             "members[].client_address";
    case Verdict::kCluster:
      return "the cluster id differs: compare [cluster] id in both configurations";
    case Verdict::kLog:
      return "the log id differs: compare [cluster] log in both configurations";
    case Verdict::kMemberList:
      return "the member list differs: compare [[members]] in both configurations";
    case Verdict::kWrongReceiver:
      return "another member listens at this address: compare [[members]] address with the "
             "machines";
    case Verdict::kNoMember:
      return "the caller's member id is not that of another member";
    case Verdict::kFull:
      return "too many connections";
  }
  return "a reason that only a newer release knows: upgrade the older side";
}

std::string encode(const Hello& hello) {
  std::string out(kHelloMagic);
  put_number(out, hello.version_min, 2);
  put_number(out, hello.version_max, 2);
  put_number(out, static_cast<std::uint64_t>(hello.party), 1);
  put_number(out, hello.sender.value, 1);
  put_number(out, hello.receiver.value, 1);
  put_number(out, hello.cluster, 8);
  put_number(out, hello.log, 8);
  put_number(out, hello.config, 8);
  put_number(out, hash_bytes(out), 8);
  HOLDFAST_CHECK(out.size() == kHelloBytes, out.size());
  return out;
}

std::optional<Hello> decode_hello(std::string_view bytes) {
  // A later version may add fields in front of the checksum.
  if (bytes.size() < kHelloBytes || !bytes.starts_with(kHelloMagic)) return std::nullopt;
  std::string_view sum = bytes.substr(bytes.size() - 8);
  if (hash_bytes(bytes.substr(0, bytes.size() - 8)) != take_number(sum, 8)) return std::nullopt;
  bytes.remove_prefix(kHelloMagic.size());
  Hello hello;
  hello.version_min = static_cast<std::uint16_t>(take_number(bytes, 2));
  hello.version_max = static_cast<std::uint16_t>(take_number(bytes, 2));
  const std::uint64_t party = take_number(bytes, 1);
  if (party != static_cast<std::uint64_t>(Party::kMember) &&
      party != static_cast<std::uint64_t>(Party::kClient)) {
    return std::nullopt;
  }
  hello.party = static_cast<Party>(party);
  hello.sender.value = static_cast<std::uint8_t>(take_number(bytes, 1));
  hello.receiver.value = static_cast<std::uint8_t>(take_number(bytes, 1));
  hello.cluster = take_number(bytes, 8);
  hello.log = take_number(bytes, 8);
  hello.config = take_number(bytes, 8);
  return hello;
}

std::string encode(const Welcome& welcome) {
  std::string out(kWelcomeMagic);
  put_number(out, static_cast<std::uint64_t>(welcome.verdict), 1);
  put_number(out, welcome.frame_bytes_max, 4);
  put_number(out, welcome.version, 2);
  return out;
}

std::optional<Welcome> decode_welcome(std::string_view bytes) {
  // A later version may add fields.
  if (bytes.size() < kWelcomeBytes || bytes.size() > kHelloBytesMax ||
      !bytes.starts_with(kWelcomeMagic)) {
    return std::nullopt;
  }
  bytes.remove_prefix(kWelcomeMagic.size());
  Welcome welcome{.verdict = static_cast<Verdict>(take_number(bytes, 1))};
  welcome.frame_bytes_max = static_cast<std::uint32_t>(take_number(bytes, 4));
  welcome.version = static_cast<std::uint16_t>(take_number(bytes, 2));
  return welcome;
}

std::string_view refusal_in(const Welcome& welcome, const Hello& own) {
  if (welcome.verdict != Verdict::kWelcome) return verdict_text(welcome.verdict);
  const bool spoken = own.version_min <= welcome.version && welcome.version <= own.version_max;
  return spoken ? "" : "it wants a version of the wire protocol that is not spoken here: upgrade";
}

std::optional<std::uint16_t> common_version(const Hello& a, const Hello& b) {
  const std::uint16_t latest = std::min(a.version_max, b.version_max);
  if (latest < std::max(a.version_min, b.version_min)) return std::nullopt;
  return latest;
}

Verdict judge(const Hello& hello, const Hello& own) {
  if (!common_version(hello, own)) return Verdict::kVersion;
  if (hello.party != own.party) return Verdict::kParty;
  if (hello.cluster != own.cluster) return Verdict::kCluster;
  if (hello.log != own.log) return Verdict::kLog;
  if (hello.receiver != own.sender) return Verdict::kWrongReceiver;
  if (hello.party == Party::kMember && hello.config != own.config) return Verdict::kMemberList;
  return Verdict::kWelcome;
}

}  // namespace holdfast::real
