#include "tools/sim_state.h"

#include <fmt/format.h>

#include "tools/sim_event_text.h"

namespace holdfast::tools {
namespace {

std::string learned_text(const std::vector<Interval>& learned) {
  std::string text;
  for (const Interval& run : learned) {
    text += text.empty() ? "" : ",";
    text += std::to_string(run.first.value);
    if (run.last != run.first) text += "-" + std::to_string(run.last.value);
  }
  return text.empty() ? "nothing" : text;
}

std::string up_text(const MemberState& state) {
  return fmt::format(
      "{}, promised {}, begin {}, end {}, learned {}{}{}",
      status_text(state.status),
      ballot_text(state.promised),
      state.begin.value,
      state.end ? std::to_string(state.end->value) : "none",
      learned_text(state.learned),
      state.incarnation.value == 0 ? "" : fmt::format(", incarnation {}", state.incarnation.value),
      state.coordinating ? ", coordinating" : "");
}

}  // namespace

MemberState state_of(scenarios::Cluster& cluster, NodeId id) {
  MemberState state;
  const Node* node = cluster.node(id);
  if (!cluster.world().up(id) || node == nullptr) return state;
  state.paused = cluster.world().paused(id);
  state.life = node->is_ready() ? MemberState::Life::kUp : MemberState::Life::kOpening;
  if (!node->is_ready()) return state;
  const LogImage& image = node->image();
  state.status = image.metadata().status;
  state.incarnation = image.metadata().incarnation;
  state.promised = image.metadata().promised;
  state.begin = image.begin().position;
  state.end = image.end();
  state.learned = image.learned_intervals();
  state.coordinating = node->coordinating();
  return state;
}

std::string to_text(const MemberState& state) {
  const std::string paused = state.paused ? "paused, " : "";
  switch (state.life) {
    case MemberState::Life::kDown:
      return "down";
    case MemberState::Life::kOpening:
      return paused + "opening its directory, or stopped";
    case MemberState::Life::kUp:
      return paused + up_text(state);
  }
  return paused;
}

std::string record_text(const Node& member, Position position) {
  const LogImage& image = member.image();
  if (position < image.begin().position) return "truncated";
  const Action* record = image.find(position);
  if (record == nullptr) return image.learned(position) ? "learned" : "nothing";
  if (record->learned) return "learned " + value_text(*record->value);
  std::string text;
  if (record->value) {
    text = fmt::format(
        "accepted {} by {}", value_text(*record->value), ballot_text(record->performed));
  }
  if (record->promised > record->performed) {
    text += fmt::format("{}promised {}", text.empty() ? "" : ", ", ballot_text(record->promised));
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace holdfast::tools
