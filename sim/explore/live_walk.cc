#include "sim/explore/live_walk.h"

#include <utility>

#include "protocol/env/hash.h"

namespace holdfast::explore {
namespace {

std::uint32_t folded(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32);
}

// Frames of one link are one thread, and what a node does by itself.
Move move_of(const System& system, const SystemEvent& event) {
  const auto kind = static_cast<std::uint64_t>(event.kind);
  std::uint64_t thread = mix(kind, event.node);
  std::uint64_t name = mix(thread, event.argument);
  if (is_delivery(event.kind)) {
    const Origin& frame = event.frame;
    thread = mix(mix(kind, frame.sender), system.receiver_of(frame) + 1);
    name = mix(mix(mix(kind, frame.sender), frame.step), frame.output);
  }
  return {.thread = folded(thread), .event = folded(name), .fault = is_fault(event.kind)};
}

LivePath walk_once(System system, std::uint64_t key, Chooser& chooser) {
  LivePath path;
  std::vector<Move> moves;
  while (system.violation().empty()) {
    std::vector<SystemEvent> events = system.enabled();
    // Some say only when they are looked at that they end in no way at all.
    while (!events.empty()) {
      moves.clear();
      for (const SystemEvent& event : events)
        moves.push_back(move_of(system, event));
      const std::uint64_t step = path.events.size() + 1;
      const std::size_t i = chooser.choose(step, moves);
      SystemEvent event = events[i];
      const std::size_t ways = system.variants(event);
      if (ways > 0) {
        way_of(event) = static_cast<std::uint32_t>(draw_below(mix(key, 1), step, ways));
        system.apply(event);
        path.events.push_back(event);
        break;
      }
      events.erase(events.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (events.empty()) break;
  }
  path.violation = system.violation();
  return path;
}

}  // namespace

Walked walk_alive(const std::function<System()>& begin,
                  const WalkOptions& options,
                  const std::function<bool(const Walked&)>& go_on,
                  LivePath& path) {
  return walk_on(
      options,
      [&](std::uint64_t key, Chooser& chooser, std::uint64_t& steps) {
        LivePath walked = walk_once(begin(), key, chooser);
        steps = walked.events.size();
        if (walked.violation.empty()) return true;
        path = std::move(walked);
        return false;
      },
      go_on);
}

}  // namespace holdfast::explore
