#include "properties/steady.h"

#include <fmt/format.h>

namespace holdfast::properties {

Steady::Steady(const Bench& bench)
    : Judge(kSteady, {EventKind::kElected, EventKind::kSteppedDown}, bench) {}

void Steady::on_event(const Event& e) {
  if (healed_) return;
  if (e.kind == EventKind::kElected) {
    elected(e);
  } else {
    lost(e.node);
  }
}

void Steady::elected(const Event& e) {
  if (coordinators_ == 0) check_absence(e.node, e.time_ns);
  if (!coordinates_[e.node.value]) ++coordinators_;
  coordinates_[e.node.value] = true;
  ++elections_;
  if (limits_.elections_max == 0 || elections_ <= limits_.elections_max) return;
  violated(e,
           fmt::format("election {} of the run, at ballot {}; the scenario allows {}",
                       elections_,
                       show(Ballot{e.word(0)}),
                       limits_.elections_max));
}

void Steady::lost(NodeId node) {
  if (!coordinates_[node.value]) return;
  coordinates_[node.value] = false;
  if (--coordinators_ == 0) since_ns_ = facts().time_ns();
}

void Steady::on_crash(NodeId node) {
  if (!healed_) lost(node);
}

void Steady::check_absence(NodeId node, std::int64_t until_ns) {
  if (limits_.leaderless_ns_max == 0 || until_ns - since_ns_ <= limits_.leaderless_ns_max) return;
  violated(node,
           fmt::format("nobody coordinated for {} ms; the scenario allows {} ms",
                       (until_ns - since_ns_) / 1'000'000,
                       limits_.leaderless_ns_max / 1'000'000));
}

void Steady::on_heal(std::span<const NodeId>) {
  if (!healed_ && coordinators_ == 0) check_absence(NodeId{}, facts().time_ns());
  healed_ = true;
}

void Steady::finish() {
  if (!healed_ && coordinators_ == 0) check_absence(NodeId{}, facts().time_ns());
}

}  // namespace holdfast::properties
