#include "sim/explore/walk.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

namespace holdfast::explore {
namespace {

// One of them, to its end.
Violation walk_once(StateSpace& space, std::uint64_t key, Chooser& chooser) {
  Transitions out;
  space.initial(out);
  HOLDFAST_REQUIRE(!out.empty());
  Violation path;
  const auto take = [&](std::size_t i) {
    path.states.emplace_back(out.next(i).begin(), out.next(i).end());
    path.text = space.violation(path.states.back());
  };
  take(draw_below(key, 0, out.size()));
  std::vector<Move> moves;
  while (path.text.empty()) {
    out.clear();
    space.successors(path.states.back(), out);
    if (out.empty()) break;
    moves.clear();
    for (std::size_t i = 0; i < out.size(); ++i) {
      const StateSpace::Mover mover = space.mover_of(out.event(i));
      moves.push_back({.thread = mover.thread, .event = out.event(i), .fault = mover.fault});
    }
    const std::size_t i = chooser.choose(path.states.size(), moves);
    path.events.push_back(out.event(i));
    take(i);
  }
  return path;
}

}  // namespace

Walked walk_on(const WalkOptions& options,
               const std::function<bool(std::uint64_t key, Chooser&, std::uint64_t& steps)>& take,
               const std::function<bool(const Walked&)>& go_on) {
  Walked walked;
  for (std::uint64_t number = 0; number < options.walks; ++number) {
    if (go_on && !go_on(walked)) {
      walked.stopped = true;
      return walked;
    }
    const std::uint64_t key = mix(options.seed, number);
    std::uint64_t steps = 0;
    const bool right = take(key, *make_chooser(options, key, walked.longest), steps);
    ++walked.walks;
    walked.steps += steps;
    walked.longest = std::max(walked.longest, steps);
    if (!right) return walked;
  }
  return walked;
}

Walked walk(StateSpace& space,
            const WalkOptions& options,
            const std::function<bool(const Walked&)>& go_on,
            Violation& violation) {
  return walk_on(
      options,
      [&](std::uint64_t key, Chooser& chooser, std::uint64_t& steps) {
        Violation path = walk_once(space, key, chooser);
        steps = path.events.size();
        if (path.text.empty()) return true;
        violation = std::move(path);
        return false;
      },
      go_on);
}

}  // namespace holdfast::explore
