#include "tools/sim_trace.h"

#include <fmt/format.h>

#include "protocol/points.h"

#include "sim/topology.h"

#include "tools/sim_event_text.h"
#include "tools/sim_state.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

std::string node_text(NodeId node) {
  return node.value == 0 ? "-" : std::to_string(node.value);
}

}  // namespace

void Trace::line(Instant at,
                 const std::string& who,
                 const std::string& what,
                 const std::string& text) {
  latest_ = at;
  if (over_) return;
  fmt::print(out_, "{:>14} {:>4}  {:<20} {}\n", seconds_text(at.ns()), who, what, text);
}

bool Trace::shows(NodeId node, const Subject& subject) const {
  if (filter_.node && *filter_.node != node) return false;
  if (filter_.position) {
    const auto& about = subject.positions;
    if (!about || *filter_.position < about->first || about->last < *filter_.position) return false;
  }
  return !filter_.ballot || subject.ballot == filter_.ballot;
}

void Trace::on_event(const sim::TraceEvent& event) {
  const std::span<const std::uint64_t> words(event.words.begin(), event.words.end());
  if (shows(event.node, subject_of(event.kind, words))) {
    std::string text = fmt::format("#{} {}", event.sequence, words_text(event.kind, words));
    if (!event.bytes.empty()) text += fmt::format(": {}", event.bytes);
    line(event.at, node_text(event.node), std::string(event_name(event.kind)), text);
  }
  latest_ = event.at;
  over_ = over_ || (filter_.until && event.sequence >= *filter_.until);
}

void Trace::on_point(NodeId node, Point point) {
  if (!filter_.points || !shows(node, {})) return;
  const PointInfo& info = points()[static_cast<std::size_t>(point)];
  line(latest_, node_text(node), "point", std::string(info.text));
}

// Lives and faults matter to every position and ballot.
void Trace::on_life(const sim::LifeNote& note) {
  if (filter_.node && *filter_.node != note.node) return;
  line(note.at,
       node_text(note.node),
       std::string(name_of(note.moment)),
       fmt::format("life {}", note.life));
}

void Trace::on_fault(const sim::FaultNote& note) {
  if (filter_.node && note.node.value != 0 && *filter_.node != note.node) return;
  line(note.at, node_text(note.node), std::string(moment_text(note.moment)), to_string(note.fault));
}

void Trace::on_heal(Instant at, sim::NodeSet core) {
  line(at, "-", "healed", "core " + to_string(core) + "; everything else stays as it is");
}

void Trace::on_frame(const sim::FrameNote& note) {
  if (over_) return;
  const Subject subject = subject_of(codec_, *note.frame);
  if (!shows(note.from, subject) && !shows(note.to, subject)) return;
  line(note.at,
       fmt::format("{}>{}", note.from.value, note.to.value),
       "frame " + std::string(name_of(note.moment)),
       frame_text(codec_, *note.frame));
}

std::string_view moment_text(sim::FaultMoment moment) {
  switch (moment) {
    case sim::FaultMoment::kBegan:
      return "fault begins";
    case sim::FaultMoment::kEnded:
      return "fault ends";
    case sim::FaultMoment::kSkippedByBudget:
      return "fault over budget";
    case sim::FaultMoment::kSkippedForTarget:
      return "fault has no target";
  }
  return "fault";
}

std::string state_text(scenarios::Cluster& cluster) {
  sim::World& world = cluster.world();
  std::string text = fmt::format(
      "at {}, after {} events of the world\n", seconds_text(world.now().ns()), world.events());
  for (unsigned i = 0; i < static_cast<unsigned>(world.options().nodes); ++i) {
    const NodeId id = sim::node_at(i);
    const MemberState state = state_of(cluster, id);
    text += fmt::format("  node {}: {}", id.value, to_text(state));
    if (state.life != MemberState::Life::kDown) {
      text += fmt::format(", its clock shows {}", seconds_text(world.local_time(id).ns()));
    }
    text += "\n";
  }
  return text;
}

}  // namespace holdfast::tools
