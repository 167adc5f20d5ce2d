#pragma once

// The first frame of every connection, and its answer: who calls whom, and in which version.  It
// keeps strangers, garbage and members of other clusters out before they cost anything; it proves
// nothing about who the caller is.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/env/node_id.h"

namespace holdfast::real {

// What this release speaks after the hello.  One that speaks a new version speaks the one before as
// well, so that members are replaced one by one, and back: each connection uses the latest that
// both sides know.
inline constexpr std::uint16_t kWireVersion = 1;

// The longest hello, or answer to one, that anybody reads.
inline constexpr std::size_t kHelloBytesMax = 64;

enum class Party : std::uint8_t {
  kMember = 1,
  kClient = 2,
};

struct Hello {
  Party party = Party::kMember;
  // The versions the caller can speak.
  std::uint16_t version_min = kWireVersion;
  std::uint16_t version_max = kWireVersion;
  std::uint64_t cluster = 0;
  std::uint64_t log = 0;
  // Members: the digest of the member list.  Clients: 0.
  std::uint64_t config = 0;
  // Members: the caller.  Clients: 0.
  NodeId sender;
  // Whom the caller believes it reached.
  NodeId receiver;

  bool operator==(const Hello&) const = default;
};

enum class Verdict : std::uint8_t {
  kWelcome = 0,
  kGarbage = 1,        // no hello
  kVersion = 2,        // no version in common
  kParty = 3,          // a client on the members' port, or the reverse
  kCluster = 4,        // of another cluster
  kLog = 5,            // of another log
  kMemberList = 6,     // a member list that differs
  kWrongReceiver = 7,  // meant for another member
  kNoMember = 8,       // the sender is not in the member list, or is this member itself
  kFull = 9,           // too many connections
};

// Completes "refused: ..."; says what to do.  Of any number: a later version may have more reasons.
std::string_view verdict_text(Verdict verdict);

std::string encode(const Hello& hello);
std::optional<Hello> decode_hello(std::string_view bytes);

// The answer to a hello.
struct Welcome {
  Verdict verdict = Verdict::kWelcome;
  // A longer frame is not read here.
  std::uint32_t frame_bytes_max = 0;
  // Of a welcome: which is spoken from here on.
  std::uint16_t version = kWireVersion;

  bool operator==(const Welcome&) const = default;
};

std::string encode(const Welcome& welcome);
// None: not an answer to a hello, so nothing of ours listens there.
std::optional<Welcome> decode_welcome(std::string_view bytes);

// Why nothing can be said to who answered the hello `own` so, as verdict_text(); empty: it can.
std::string_view refusal_in(const Welcome& welcome, const Hello& own);

// The latest that both speak; none: there is none.
std::optional<std::uint16_t> common_version(const Hello& a, const Hello& b);

// What `hello` is told by the member whose own hello, as it would call others, is `own`.
// `own.party` says whom the port is for.  Whether the sender is a member the caller has to ask.
Verdict judge(const Hello& hello, const Hello& own);

}  // namespace holdfast::real
