#include "scenarios/script/trace.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "protocol/coordinator.h"

#include "scenarios/script/frame_text.h"

namespace holdfast::scenarios::script {
namespace {

constexpr int kWhoWidth = 18;
// Shorter pauses are what messages and disks take.
constexpr Duration kPauseShown = Duration::milliseconds(10);

std::uint64_t word(const sim::TraceEvent& event, std::size_t index) {
  HOLDFAST_CHECK(index < event.words.size(), event_name(event.kind));
  return event.words.begin()[index];
}

std::string ballot_word(const sim::TraceEvent& event, std::size_t index) {
  return to_text(Ballot{word(event, index)});
}

std::string_view failure_word(const sim::TraceEvent& event) {
  return failure_text(static_cast<Failure>(word(event, 1)));
}

// "" or " position=3".
std::string position_word(const sim::TraceEvent& event, std::size_t index) {
  const std::uint64_t position = word(event, index);
  return position == kNoPosition ? std::string() : fmt::format(" position={}", position);
}

// As "position=3", but not as a part of "position=31".
bool says(std::string_view text, std::string_view needle) {
  const std::size_t found = text.find(needle);
  if (found == std::string_view::npos) return false;
  const std::size_t end = found + needle.size();
  return end == text.size() || std::isdigit(static_cast<unsigned char>(text[end])) == 0;
}

}  // namespace

std::string name_of(NodeId node) {
  return fmt::format("n{}", node.value);
}

void Trace::sent(NodeId from, NodeId to, const Envelope& envelope, std::string_view mark) {
  if (const auto* write = std::get_if<WriteRequest>(&envelope.body)) {
    name(write->value);
    for (const Value& value : write->rest)
      name(value);
  }
  if (shown_ == Shown::kNo) return;
  std::string text = to_text(envelope.body);
  const auto same = [&](const Sent& each) {
    return each.from == from && each.text == text && each.mark == mark;
  };
  const auto broadcast = std::find_if(sent_.begin(), sent_.end(), same);
  if (broadcast != sent_.end()) {
    broadcast->to += " " + name_of(to);
    return;
  }
  sent_.push_back({.from = from,
                   .to = name_of(to),
                   .text = std::move(text),
                   .mark = std::string(mark),
                   .chosen = envelope.chosen});
}

void Trace::say(std::string_view who, std::string_view what) {
  done_.push_back({.who = std::string(who), .text = std::string(what), .covered_by = {}});
}

void Trace::name(const Value& value) {
  values_.insert_or_assign(value.digest(), to_text(value));
}

std::string Trace::value_text(std::uint64_t flags, std::uint64_t digest) const {
  const auto type = static_cast<ValueType>(flags >> 8 & 0xff);
  if (type == ValueType::kNop) return (flags & 2) != 0 ? "tombstone" : "nop";
  const auto named = values_.find(digest);
  return named == values_.end() ? "?" : named->second;
}

// Of the kinds whose words begin with a position and a ballot or with a position alone.
std::string Trace::action_of(const sim::TraceEvent& event) const {
  const std::size_t flags = event.kind == EventKind::kLearned ? 1 : 2;
  return fmt::format(
      "position={} {}", word(event, 0), value_text(word(event, flags), word(event, flags + 1)));
}

// --- what members do

void Trace::on_event(const sim::TraceEvent& event) {
  if (shown_ == Shown::kNo) return;
  const auto did = [&](std::string text) { say(name_of(event.node), text); };
  switch (event.kind) {
    case EventKind::kPromised:
    case EventKind::kAccepted:
    case EventKind::kRefused:
      on_answer(event);
      return;
    case EventKind::kRestored:
      did(fmt::format("is up: promised={} begin={}{}",
                      ballot_word(event, 1),
                      word(event, 2),
                      word(event, 4) == kNoPosition ? std::string(", an empty log")
                                                    : fmt::format(" end={}", word(event, 4))));
      return;
    case EventKind::kStopped:
      did(fmt::format("stops: {}", event.bytes));
      return;
    case EventKind::kLearned:
    case EventKind::kBegin:
    case EventKind::kChosen:
    case EventKind::kCatchingUp:
    case EventKind::kCaughtUp:
      on_learning(event);
      return;
    case EventKind::kStatus:
    case EventKind::kKnown:
    case EventKind::kRegistered:
      on_recovery(event);
      return;
    case EventKind::kElecting:
    case EventKind::kElected:
    case EventKind::kElectionLost:
    case EventKind::kSteppedDown:
      on_election(event);
      return;
    case EventKind::kCanvassing:
    case EventKind::kCanvassed:
    case EventKind::kHandedOver:
      on_elector(event);
      return;
    // Said by the messages, by show, or by what the client is told.
    case EventKind::kBooted:
    case EventKind::kRestoredLearned:
    case EventKind::kRestoredAction:
    case EventKind::kVouched:
    case EventKind::kProposed:
    case EventKind::kAppendCalled:
    case EventKind::kAppendReturned:
    case EventKind::kTruncateCalled:
    case EventKind::kTruncateReturned:
    case EventKind::kElectCalled:
    case EventKind::kElectReturned:
    case EventKind::kReadCalled:
    case EventKind::kReadEntry:
    case EventKind::kReadReturned:
    case EventKind::kCatchupCalled:
    case EventKind::kCatchupReturned:
    case EventKind::kReadRefused:
    case EventKind::kBarrierCalled:
    case EventKind::kBarrierReturned:
    case EventKind::kAwaitCalled:
    case EventKind::kAwaitReturned:
      return;
  }
}

void Trace::on_election(const sim::TraceEvent& event) {
  std::string text;
  if (event.kind == EventKind::kElecting) {
    text = "runs for coordinator ballot=" + ballot_word(event, 0);
  } else if (event.kind == EventKind::kElected) {
    text = fmt::format("is elected ballot={} end={}", ballot_word(event, 0), word(event, 1));
  } else {
    const bool lost = event.kind == EventKind::kElectionLost;
    text = fmt::format("{}: {}", lost ? "loses the election" : "steps down", failure_word(event));
  }
  say(name_of(event.node), text);
}

// What a member answers to itself shows in no message.
void Trace::on_answer(const sim::TraceEvent& event) {
  std::string text;
  std::string covered_by;
  if (event.kind == EventKind::kPromised) {
    const std::string promise =
        fmt::format("ballot={}{}", ballot_word(event, 1), position_word(event, 0));
    text = "promises " + promise;
    covered_by = "promised " + promise;
  } else if (event.kind == EventKind::kAccepted) {
    text = fmt::format("votes ballot={} {}", ballot_word(event, 1), action_of(event));
    covered_by =
        fmt::format("accepted ballot={} position={}", ballot_word(event, 1), word(event, 0));
  } else if (static_cast<Answer>(word(event, 0)) == Answer::kIgnored) {
    text = fmt::format("ignores{}: no voter", position_word(event, 1));
    covered_by = fmt::format("ignored{}: no voter", position_word(event, 1));
  } else {
    const std::string refusal =
        fmt::format("{}: promised ballot={}", position_word(event, 1), ballot_word(event, 2));
    text = "refuses" + refusal;
    covered_by = "refused" + refusal;
  }
  done_.push_back(
      {.who = name_of(event.node), .text = std::move(text), .covered_by = std::move(covered_by)});
}

void Trace::on_recovery(const sim::TraceEvent& event) {
  std::string text;
  if (event.kind == EventKind::kStatus) {
    text = fmt::format(
        "is {} incarnation={}", to_text(static_cast<Status>(word(event, 0))), word(event, 1));
  } else if (event.kind == EventKind::kKnown) {
    text = fmt::format(
        "knows member={} incarnation={} voted={}", word(event, 0), word(event, 1), word(event, 2));
  } else {
    text = fmt::format("is registered incarnation={} begin={} end={}",
                       word(event, 0),
                       word(event, 1),
                       word(event, 2));
  }
  say(name_of(event.node), text);
}

void Trace::on_elector(const sim::TraceEvent& event) {
  std::string text;
  if (event.kind == EventKind::kCanvassing) {
    text = "hears no coordinator";
  } else if (event.kind == EventKind::kCanvassed) {
    text = fmt::format(
        "has {} supporters: {}", word(event, 0), word(event, 1) != 0 ? "enough" : "no election");
  } else {
    text = "hands over to " + name_of(NodeId{static_cast<std::uint8_t>(word(event, 0))});
  }
  say(name_of(event.node), text);
}

void Trace::on_learning(const sim::TraceEvent& event) {
  std::string text;
  if (event.kind == EventKind::kLearned) {
    text = "learns " + action_of(event);
  } else if (event.kind == EventKind::kChosen) {
    text = "has a quorum: chosen " + action_of(event);
  } else if (event.kind == EventKind::kBegin) {
    text = fmt::format("begin={}", word(event, 0));
  } else {
    text = fmt::format("{} from={} to={}",
                       event.kind == EventKind::kCatchingUp ? "catches up" : "has caught up",
                       word(event, 0),
                       word(event, 1));
  }
  say(name_of(event.node), text);
}

std::uint32_t Trace::life(NodeId node) const {
  const auto found = lives_.find(node);
  return found == lives_.end() ? 0 : found->second;
}

void Trace::on_life(const sim::LifeNote& note) {
  if (note.moment == sim::LifeMoment::kBooted) {
    lives_[note.node] = note.life;
  } else if (note.moment == sim::LifeMoment::kPowerLost ||
             note.moment == sim::LifeMoment::kKilled || note.moment == sim::LifeMoment::kStopped) {
    lives_.erase(note.node);
  }
  if (shown_ == Shown::kNo) return;
  end_step();
  const std::string who = name_of(note.node);
  switch (note.moment) {
    case sim::LifeMoment::kBooted:
      say(who, "boots");
      return;
    case sim::LifeMoment::kPowerLost:
      say(who, "loses power");
      return;
    case sim::LifeMoment::kKilled:
    case sim::LifeMoment::kStopped:
      say(who, "is down");
      return;
    case sim::LifeMoment::kWiped:
      say(who, "has lost its disk");
      return;
    case sim::LifeMoment::kResumed:
    case sim::LifeMoment::kPaused:
      return;
  }
}

// --- lines

bool Trace::covered(std::string_view text) {
  if (text.empty()) return false;
  const auto message = std::find_if(sent_.begin(), sent_.end(), [&](const Sent& each) {
    return !each.says_done && says(each.text, text);
  });
  if (message == sent_.end()) return false;
  message->says_done = true;
  return true;
}

void Trace::end_step() {
  for (const Done& each : std::exchange(done_, {})) {
    if (!covered(each.covered_by)) line(each.who, each.text);
  }
  for (const Sent& each : std::exchange(sent_, {})) {
    std::string text = each.text;
    ChosenUpto& told = chosen_[each.from];
    if (each.chosen != told) {
      told = each.chosen;
      // A pair of ballot 0 says nothing: the member has restarted.
      if (told.ballot != Ballot{})
        text += fmt::format(" chosen=({}, {})", to_text(told.ballot), told.upto.value);
    }
    if (!each.mark.empty()) text += "  (" + each.mark + ")";
    line(fmt::format("{} -> {}", name_of(each.from), each.to), text);
  }
}

void Trace::line(std::string_view who, std::string_view what) {
  HOLDFAST_REQUIRE(world_ != nullptr);
  const Duration pause = world_->now() - last_line_;
  if (pause >= kPauseShown && shown_ == Shown::kYes) {
    lines_.push_back(fmt::format("... {} ms later", pause.ns() / 1'000'000));
  }
  last_line_ = world_->now();
  lines_.push_back(fmt::format("{:<{}}{}", who, kWhoWidth, what));
}

std::vector<std::string> Trace::take() {
  end_step();
  last_line_ = world_->now();
  return std::exchange(lines_, {});
}

}  // namespace holdfast::scenarios::script
