#include "scenarios/script/frame_text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace holdfast::scenarios::script {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Message>> kKinds{"promise",
                                                                            "promised",
                                                                            "write",
                                                                            "written",
                                                                            "learned",
                                                                            "fetch",
                                                                            "fetched",
                                                                            "recover",
                                                                            "recovered",
                                                                            "chosen",
                                                                            "heartbeat",
                                                                            "heard",
                                                                            "canvass",
                                                                            "canvassed",
                                                                            "handover",
                                                                            "close"};

std::string at(const std::optional<Position>& position) {
  return position ? fmt::format(" position={}", position->value) : std::string();
}

// Nothing for a log that was never truncated.
std::string begin_text(const Begin& begin) {
  if (begin.position == Position{0} && !begin.made_at) return {};
  const std::string text = fmt::format(" begin={}", begin.position.value);
  return begin.made_at ? text + fmt::format(" begin_at={}", begin.made_at->value) : text;
}

// A learned action says what is chosen; who performed it under which ballot matters no more.
std::string outcome(const Action& action) {
  return fmt::format("position={} is {}", action.position.value, to_text(*action.value));
}

std::string body(const PromiseRequest& m) {
  if (m.settles) return fmt::format("settle ballot={} end={}", to_text(m.ballot), m.settles->value);
  return fmt::format("promise ballot={}{}", to_text(m.ballot), at(m.position));
}

std::string body(const PromiseReply& m) {
  switch (m.answer) {
    case Answer::kAccept:
      if (!m.position) {
        return fmt::format(
            "promised ballot={} end={}{}", to_text(m.ballot), m.end.value, begin_text(m.begin));
      }
      if (!m.action) return fmt::format("promised ballot={}{}", to_text(m.ballot), at(m.position));
      if (m.action->learned) return "learned already: " + outcome(*m.action);
      return fmt::format("promised ballot={}{} voted=({}, {})",
                         to_text(m.ballot),
                         at(m.position),
                         to_text(m.action->performed),
                         to_text(*m.action->value));
    case Answer::kReject:
      return fmt::format(
          "promise refused{}: promised ballot={}", at(m.position), to_text(m.ballot));
    case Answer::kIgnored:
      return fmt::format("promise ignored{}: no voter", at(m.position));
    case Answer::kTruncated:
      return fmt::format("truncated:{}{}", at(m.position), begin_text(m.begin));
  }
  HOLDFAST_UNREACHABLE("answer");
}

std::string body(const WriteRequest& m) {
  std::string text = fmt::format(
      "write ballot={} position={} {}", to_text(m.ballot), m.position.value, to_text(m.value));
  for (const Value& value : m.rest)
    text += ", " + to_text(value);
  return text;
}

std::string body(const WriteReply& m) {
  switch (m.answer) {
    case Answer::kAccept:
      if (m.learned) return "learned already: " + outcome(*m.learned);
      return fmt::format("accepted ballot={} position={}{}",
                         to_text(m.ballot),
                         m.position.value,
                         m.more == 0 ? "" : fmt::format(" to {}", m.last().value));
    case Answer::kReject:
      return fmt::format(
          "write refused position={}: promised ballot={}", m.position.value, to_text(m.ballot));
    case Answer::kIgnored:
      return fmt::format("write ignored position={}: no voter", m.position.value);
    case Answer::kTruncated:
      return fmt::format("truncated: position={}{}", m.position.value, begin_text(m.begin));
  }
  HOLDFAST_UNREACHABLE("answer");
}

std::string body(const Learned& m) {
  return "learned " + outcome(m.action);
}

std::string body(const FetchRequest& m) {
  return fmt::format("fetch from={} to={}", m.from.value, m.to.value);
}

std::string body(const FetchReply& m) {
  std::string text = m.upto < m.from
                         ? fmt::format("fetched from={} nothing", m.from.value)
                         : fmt::format("fetched from={} to={}", m.from.value, m.upto.value);
  text += begin_text(m.begin);
  if (m.actions.empty()) return text + (m.upto < m.from ? "" : ": none learned");
  std::string_view separator = ": ";
  for (const Action& action : m.actions) {
    text += separator;
    text += fmt::format("{} {}", action.position.value, to_text(*action.value));
    separator = ", ";
  }
  return text;
}

std::string body(const RecoverRequest& m) {
  if (!m.registering) return "recover";
  return fmt::format(
      "recover registering={}{}", m.registering->value, m.about_to_vote ? " about to vote" : "");
}

std::string body(const RecoverReply& m) {
  if (m.status != Status::kVoting) return fmt::format("recovered {}", to_text(m.status));
  return fmt::format("recovered VOTING promised={} end={}{}",
                     to_text(m.promised),
                     m.end.value,
                     begin_text(m.begin));
}

std::string body(const ChosenNotice&) {
  return "chosen";
}

std::string body(const Heartbeat& m) {
  return fmt::format("{} ballot={}", m.elected ? "coordinates" : "is running", to_text(m.ballot));
}

std::string body(const HeartbeatReply& m) {
  return fmt::format("heard promised={}{}", to_text(m.promised), m.ready ? " ready" : "");
}

std::string body(const CanvassRequest&) {
  return "would you support me?";
}

std::string body(const CanvassReply& m) {
  std::string text = m.supports ? "yes" : "no";
  text += fmt::format(" promised={}", to_text(m.promised));
  if (m.coordinator != NodeId{}) {
    text += fmt::format(" coordinator=n{} of {}", m.coordinator.value, to_text(m.ballot));
  }
  return text;
}

std::string body(const HandOver& m) {
  return fmt::format("take over from ballot={}", to_text(m.ballot));
}

std::string body(const CloseRequest& m) {
  return fmt::format("close upto={}", m.upto.value);
}

}  // namespace

std::string_view kind_of(const Message& message) {
  return kKinds[message.index()];
}

bool is_kind(std::string_view name) {
  return std::find(kKinds.begin(), kKinds.end(), name) != kKinds.end();
}

std::string all_kinds() {
  return fmt::format("{}", fmt::join(kKinds, ", "));
}

std::string to_text(Ballot ballot) {
  if (ballot.round() == 0) return fmt::format("{}", ballot.value);
  const std::uint64_t incarnation = ballot.value >> 8 & 0xffff;
  const std::uint64_t id = ballot.value & 0xff;
  if (incarnation == 0) return fmt::format("{}.{}", ballot.round(), id);
  return fmt::format("{}.{}.{}", ballot.round(), incarnation, id);
}

std::string_view to_text(Status status) {
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
  HOLDFAST_UNREACHABLE("status");
}

std::string to_text(const Value& value) {
  switch (value.type) {
    case ValueType::kNop:
      return value.tombstone ? "tombstone" : "nop";
    case ValueType::kAppend:
      return fmt::format("append \"{}\"", *value.bytes);
    case ValueType::kTruncate:
      return fmt::format("truncate to={}", value.to.value);
  }
  HOLDFAST_UNREACHABLE("value type");
}

std::string to_text(const Action& action) {
  std::string text =
      fmt::format("position={} promised={}", action.position.value, to_text(action.promised));
  if (action.performed != Ballot{}) text += " performed=" + to_text(action.performed);
  if (action.value) text += " " + to_text(*action.value);
  return text;
}

std::string to_text(const Message& message) {
  return std::visit([](const auto& each) { return body(each); }, message);
}

}  // namespace holdfast::scenarios::script
