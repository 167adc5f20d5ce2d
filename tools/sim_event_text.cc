#include "tools/sim_event_text.h"

#include <array>

#include <fmt/format.h>

#include "protocol/coordinator.h"
#include "protocol/log.h"
#include "protocol/messages.h"
#include "protocol/replica_store.h"

#include "sim/text.h"

namespace holdfast::tools {
namespace {

// How a word is shown.
enum class As : std::uint8_t {
  kNumber,
  kHex,
  kPosition,
  kBallot,
  kStatus,
  // Two words: flags, then the digest.
  kValue,
  kAnswer,
  kOutcome,
  kFailure,
  kStoreError,
  kReadError,
};

struct Field {
  std::string_view name;
  As as = As::kNumber;
};

struct Row {
  EventKind kind{};
  std::array<Field, 7> fields{};
  std::size_t count = 0;
};

template <typename... Fields>
constexpr Row row(EventKind kind, Fields... fields) {
  return {kind, {fields...}, sizeof...(fields)};
}

using K = EventKind;

constexpr Field kOp{"op", As::kNumber};
constexpr Field kAt{"position", As::kPosition};
constexpr Field kBy{"ballot", As::kBallot};
constexpr Field kValue{"", As::kValue};
constexpr Field kFrom{"from", As::kPosition};
constexpr Field kTo{"to", As::kPosition};
constexpr Field kResult{"", As::kOutcome};
constexpr Field kEnd{"end", As::kPosition};
constexpr Field kMember{"member", As::kNumber};
constexpr Field kIncarnation{"incarnation", As::kNumber};
constexpr Field kVoted{"voted", As::kNumber};

constexpr auto kRows = std::to_array<Row>({
    row(K::kBooted, Field{"boot", As::kHex}),
    row(K::kRestored,
        Field{"", As::kStatus},
        Field{"promised", As::kBallot},
        Field{"begin", As::kPosition},
        Field{"begin_at", As::kPosition},
        kEnd,
        Field{"rounds", As::kNumber},
        kIncarnation),
    row(K::kRestoredLearned, kFrom, kTo),
    row(K::kRestoredAction,
        kAt,
        Field{"promised", As::kBallot},
        Field{"performed", As::kBallot},
        kValue),
    row(K::kStopped, Field{"", As::kStoreError}),
    row(K::kPromised, kAt, kBy),
    row(K::kAccepted, kAt, kBy, kValue),
    row(K::kLearned, kAt, kValue, Field{"truncates to", As::kPosition}),
    row(K::kBegin, Field{"begin", As::kPosition}, Field{"begin_at", As::kPosition}),
    row(K::kRefused, Field{"", As::kAnswer}, kAt, kBy),
    row(K::kStatus, Field{"", As::kStatus}, kIncarnation, Field{"promised", As::kBallot}),
    row(K::kKnown, kMember, kIncarnation, kVoted),
    row(K::kVouched, kMember, kIncarnation, kVoted),
    row(K::kRegistered, kIncarnation, Field{"begin", As::kPosition}, kEnd),
    row(K::kElecting, kBy),
    row(K::kElected, kBy, kEnd),
    row(K::kElectionLost, kBy, Field{"", As::kFailure}),
    row(K::kSteppedDown, kBy, Field{"", As::kFailure}),
    row(K::kCanvassing, Field{"promised", As::kBallot}),
    row(K::kCanvassed, Field{"supporters", As::kNumber}, Field{"won", As::kNumber}),
    row(K::kHandedOver, Field{"to member", As::kNumber}, kBy),
    row(K::kProposed, kAt, kBy, kValue),
    row(K::kChosen, kAt, kBy, kValue),
    row(K::kCatchingUp, kFrom, kTo),
    row(K::kCaughtUp, kFrom, kTo),
    row(K::kAppendCalled,
        kOp,
        Field{"digest", As::kHex},
        Field{"client", As::kNumber},
        Field{"sequence", As::kNumber}),
    row(K::kAppendReturned, kOp, kResult, kAt),
    row(K::kTruncateCalled, kOp, kTo),
    row(K::kTruncateReturned, kOp, kResult, kAt),
    row(K::kElectCalled, kOp),
    row(K::kElectReturned, kOp, kResult, kEnd),
    row(K::kReadCalled, kOp, kFrom, kTo),
    row(K::kReadEntry, kOp, kAt, Field{"digest", As::kHex}),
    row(K::kReadReturned, kOp, kResult, kFrom, kTo),
    row(K::kCatchupCalled, kOp),
    row(K::kCatchupReturned, kOp, kResult, kEnd),
    row(K::kReadRefused, kOp, Field{"", As::kReadError}, kAt),
    row(K::kBarrierCalled, kOp),
    row(K::kBarrierReturned, kOp, kResult, kEnd),
    row(K::kAwaitCalled, kOp, kAt),
    row(K::kAwaitReturned, kOp, kResult, kAt),
});

const Row* row_of(EventKind kind) {
  for (const Row& each : kRows)
    if (each.kind == kind) return &each;
  return nullptr;
}

constexpr std::size_t width(As as) {
  return as == As::kValue ? 2 : 1;
}

std::string short_hex(std::uint64_t value) {
  return fmt::format("{:016x}", value).substr(0, 8);
}

std::string position_text(std::uint64_t word) {
  return word == kNoPosition ? "none" : std::to_string(word);
}

std::string_view type_text(ValueType type) {
  switch (type) {
    case ValueType::kNop:
      return "nop";
    case ValueType::kAppend:
      return "append";
    case ValueType::kTruncate:
      return "truncate";
  }
  return "value of unknown type";
}

std::string_view answer_text(Answer answer) {
  switch (answer) {
    case Answer::kAccept:
      return "accept";
    case Answer::kReject:
      return "reject";
    case Answer::kIgnored:
      return "ignored";
    case Answer::kTruncated:
      return "truncated";
  }
  return "unknown answer";
}

std::string_view outcome_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "unknown outcome";
}

std::string_view store_error_text(StoreError::Kind kind) {
  switch (kind) {
    case StoreError::Kind::kIo:
      return "I/O error";
    case StoreError::Kind::kFull:
      return "disk full";
    case StoreError::Kind::kCorrupt:
      return "corrupt";
    case StoreError::Kind::kLocked:
      return "locked";
    case StoreError::Kind::kForeign:
      return "foreign";
  }
  return "unknown error";
}

// Requires: words has width(field.as) items.
std::string field_text(const Field& field, std::span<const std::uint64_t> words) {
  const std::uint64_t word = words[0];
  const std::string prefix = field.name.empty() ? "" : std::string(field.name) + " ";
  switch (field.as) {
    case As::kNumber:
      return prefix + std::to_string(word);
    case As::kHex:
      return prefix + short_hex(word);
    case As::kPosition:
      return prefix + position_text(word);
    case As::kBallot:
      return prefix + ballot_text({word});
    case As::kStatus:
      return prefix + std::string(status_text(static_cast<Status>(word)));
    case As::kValue:
      return fmt::format("{} {}{}{}",
                         type_text(static_cast<ValueType>(word >> 8 & 0xff)),
                         short_hex(words[1]),
                         (word & 2) != 0 ? ", tombstone" : "",
                         (word & 1) != 0 ? ", learned" : "");
    case As::kAnswer:
      return prefix + std::string(answer_text(static_cast<Answer>(word)));
    case As::kOutcome:
      return prefix + std::string(outcome_text(static_cast<Outcome>(word)));
    case As::kFailure:
      return prefix + std::string(failure_text(static_cast<Failure>(word)));
    case As::kStoreError:
      return prefix + std::string(store_error_text(static_cast<StoreError::Kind>(word)));
    case As::kReadError:
      return prefix + std::string(read_error_text(static_cast<ReadError::Kind>(word)));
  }
  return prefix + std::to_string(word);
}

// --- frames

std::string maybe_text(const std::optional<Position>& position) {
  return position ? std::to_string(position->value) : "none";
}

std::string begin_text(const Begin& begin) {
  return fmt::format("begin {} (made at {})", begin.position.value, maybe_text(begin.made_at));
}

std::string action_text(const Action& action) {
  return fmt::format("{}{} {} by {}",
                     action.learned ? "learned " : "",
                     action.position.value,
                     action.value ? value_text(*action.value) : "no value",
                     ballot_text(action.performed));
}

std::string body_text(const PromiseRequest& body) {
  if (body.settles) {
    return fmt::format("settle? ballot {}, end {}", ballot_text(body.ballot), body.settles->value);
  }
  return fmt::format(
      "promise? ballot {}, position {}", ballot_text(body.ballot), maybe_text(body.position));
}

std::string body_text(const PromiseReply& body) {
  std::string text = fmt::format("promise! {}, ballot {}, position {}, end {}, {}",
                                 answer_text(body.answer),
                                 ballot_text(body.ballot),
                                 maybe_text(body.position),
                                 body.end.value,
                                 begin_text(body.begin));
  return body.action ? text + ", has " + action_text(*body.action) : text;
}

std::string body_text(const WriteRequest& body) {
  std::string text = fmt::format("write? ballot {}, position {}, {}",
                                 ballot_text(body.ballot),
                                 body.position.value,
                                 value_text(body.value));
  for (const Value& value : body.rest)
    text += ", " + value_text(value);
  return text;
}

std::string body_text(const WriteReply& body) {
  std::string text = fmt::format("write! {}, ballot {}, position {}",
                                 answer_text(body.answer),
                                 ballot_text(body.ballot),
                                 body.position.value);
  if (body.more != 0) text += fmt::format(" to {}", body.last().value);
  if (body.answer == Answer::kTruncated) text += ", " + begin_text(body.begin);
  return body.learned ? text + ", has " + action_text(*body.learned) : text;
}

std::string body_text(const Learned& body) {
  return "learned: " + action_text(body.action);
}

std::string body_text(const FetchRequest& body) {
  return fmt::format("fetch? from {}, to {}", body.from.value, body.to.value);
}

std::string body_text(const FetchReply& body) {
  return fmt::format("fetch! from {}, up to {}, {} actions, {}",
                     body.from.value,
                     body.upto.value,
                     body.actions.size(),
                     begin_text(body.begin));
}

std::string body_text(const RecoverRequest& body) {
  if (!body.registering) return "recover?";
  return fmt::format("recover? registering incarnation {}{}",
                     body.registering->value,
                     body.about_to_vote ? ", about to vote" : "");
}

std::string body_text(const RecoverReply& body) {
  return fmt::format("recover! {}, {}, end {}, promised {}",
                     status_text(body.status),
                     begin_text(body.begin),
                     body.end.value,
                     ballot_text(body.promised));
}

std::string body_text(const ChosenNotice&) {
  return "chosen";
}

std::string body_text(const Heartbeat& body) {
  return fmt::format(
      "{} {}", body.elected ? "coordinator of" : "candidate of", ballot_text(body.ballot));
}

std::string body_text(const HeartbeatReply& body) {
  return fmt::format(
      "heard! promised {}{}", ballot_text(body.promised), body.ready ? ", ready" : "");
}

std::string body_text(const CanvassRequest&) {
  return "canvass?";
}

std::string body_text(const CanvassReply& body) {
  return fmt::format("canvass! {}, promised {}, coordinator {} of {}",
                     body.supports ? "yes" : "no",
                     ballot_text(body.promised),
                     body.coordinator.value,
                     ballot_text(body.ballot));
}

std::string body_text(const HandOver& body) {
  return fmt::format("hand over from {}", ballot_text(body.ballot));
}

std::string body_text(const CloseRequest& body) {
  return fmt::format("close up to {}", body.upto.value);
}

// --- what they are about

Subject about(const std::optional<Position>& position, std::optional<Ballot> ballot = {}) {
  Subject subject{.ballot = ballot};
  if (position) subject.positions = Interval{*position, *position};
  return subject;
}

// Of a range that may be empty.
Subject about(Position from, Position to) {
  Subject subject;
  if (from <= to) subject.positions = Interval{from, to};
  return subject;
}

Subject subject_of_body(const PromiseRequest& body) {
  return about(body.position, body.ballot);
}

Subject subject_of_body(const PromiseReply& body) {
  return about(body.position, body.ballot);
}

template <typename Writes>
Subject about_writes(const Writes& body) {
  Subject subject = about(body.position, body.ballot);
  subject.positions = Interval{body.position, body.last()};
  return subject;
}

Subject subject_of_body(const WriteRequest& body) {
  return about_writes(body);
}

Subject subject_of_body(const WriteReply& body) {
  return about_writes(body);
}

Subject subject_of_body(const Learned& body) {
  return about(body.action.position, body.action.performed);
}

Subject subject_of_body(const FetchRequest& body) {
  return about(body.from, body.to);
}

Subject subject_of_body(const FetchReply& body) {
  return about(body.from, body.upto);
}

Subject subject_of_body(const CloseRequest& body) {
  return about(body.upto);
}

Subject subject_of_body(const RecoverReply& body) {
  return about({}, body.promised);
}

Subject subject_of_body(const HeartbeatReply& body) {
  return about({}, body.promised);
}

// Of those that are about a ballot, or about nothing.
template <typename Body>
Subject subject_of_body(const Body& body) {
  if constexpr (requires { body.ballot; }) return about({}, body.ballot);
  return {};
}

}  // namespace

std::string event_line(std::string_view time,
                       EventKind kind,
                       std::span<const std::uint64_t> words,
                       std::string_view bytes) {
  return fmt::format("{:>14}  {:<18} {}{}{}",
                     time,
                     event_name(kind),
                     words_text(kind, words),
                     bytes.empty() ? "" : ": ",
                     bytes);
}

std::size_t words_known(EventKind kind) {
  const Row* known = row_of(kind);
  std::size_t count = 0;
  for (std::size_t i = 0; known != nullptr && i < known->count; ++i)
    count += width(known->fields[i].as);
  return count;
}

std::string words_text(EventKind kind, std::span<const std::uint64_t> words) {
  const Row* known = row_of(kind);
  std::string text;
  const auto add = [&](const std::string& item) { text += (text.empty() ? "" : ", ") + item; };
  for (std::size_t i = 0; known != nullptr && i < known->count; ++i) {
    const Field& field = known->fields[i];
    if (words.size() < width(field.as)) break;
    add(field_text(field, words.first(width(field.as))));
    words = words.subspan(width(field.as));
  }
  for (const std::uint64_t word : words)
    add(std::to_string(word));
  return text;
}

std::string frame_text(Codec& codec, std::string_view frame) {
  const auto envelope = codec.decode(frame);
  if (!envelope) return fmt::format("{} bytes: {}", frame.size(), envelope.error().text);
  std::string text = std::visit([](const auto& body) { return body_text(body); }, envelope->body);
  if (envelope->request.value != 0) text += fmt::format(", request {}", envelope->request.value);
  if (envelope->chosen.ballot.value != 0) {
    text += fmt::format(", chosen up to {} by {}",
                        envelope->chosen.upto.value,
                        ballot_text(envelope->chosen.ballot));
  }
  return text;
}

Subject subject_of(EventKind kind, std::span<const std::uint64_t> words) {
  Subject subject;
  std::optional<Position> from;
  const Row* known = row_of(kind);
  for (std::size_t i = 0; known != nullptr && i < known->count; ++i) {
    const Field& field = known->fields[i];
    if (words.size() < width(field.as)) break;
    const std::uint64_t word = words[0];
    words = words.subspan(width(field.as));
    if (field.as == As::kBallot && word != 0 && !subject.ballot) subject.ballot = Ballot{word};
    if (field.as != As::kPosition || word == kNoPosition) continue;
    const Position position{word};
    if (field.name == kAt.name) subject.positions = Interval{position, position};
    if (field.name == kFrom.name) from = position;
    if (field.name == kTo.name && from && *from <= position) {
      subject.positions = Interval{*from, position};
    }
  }
  return subject;
}

Subject subject_of(Codec& codec, std::string_view frame) {
  const auto envelope = codec.decode(frame);
  if (!envelope) return {};
  Subject subject =
      std::visit([](const auto& body) { return subject_of_body(body); }, envelope->body);
  if (subject.ballot == Ballot{}) subject.ballot.reset();
  return subject;
}

std::string value_text(const Value& value) {
  std::string text(type_text(value.type));
  switch (value.type) {
    case ValueType::kNop:
      return value.tombstone ? "tombstone, begin made at " + maybe_text(value.begin_at) : text;
    case ValueType::kAppend:
      return fmt::format("append {} of {} bytes", short_hex(value.digest()), value.size());
    case ValueType::kTruncate:
      return fmt::format("truncate to {}", value.to.value);
  }
  return text;
}

std::string ballot_text(Ballot ballot) {
  if (ballot.round() == 0) return std::to_string(ballot.value);
  return fmt::format("{}.{}.{}", ballot.round(), ballot.value >> 8 & 0xffff, ballot.value & 0xff);
}

std::optional<Ballot> parse_ballot(std::string_view text) {
  const std::size_t first = text.find('.');
  if (first == std::string_view::npos) {
    const auto number = sim::parse_unsigned(text);
    return number ? std::optional(Ballot{*number}) : std::nullopt;
  }
  const std::size_t second = text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto round = sim::parse_unsigned(text.substr(0, first));
  const auto incarnation = sim::parse_unsigned(text.substr(first + 1, second - first - 1));
  const auto id = sim::parse_unsigned(text.substr(second + 1));
  if (!round || *round > Ballot::kRoundMax || !incarnation || *incarnation > 0xffff || !id ||
      *id > 0xff) {
    return std::nullopt;
  }
  return Ballot::of(
      *round, static_cast<std::uint16_t>(*incarnation), NodeId{static_cast<std::uint8_t>(*id)});
}

std::string_view status_text(Status status) {
  switch (status) {
    case Status::kVoting:
      return "VOTING";
    case Status::kRecovering:
      return "RECOVERING";
    case Status::kStarting:
      return "STARTING";
    case Status::kEmpty:
      return "EMPTY";
  }
  return "unknown status";
}

}  // namespace holdfast::tools
