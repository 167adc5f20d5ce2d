#include "sim/explore/walk.h"

#include <algorithm>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

namespace holdfast::explore {
namespace {

std::size_t draw(std::uint64_t key, std::uint64_t step, std::size_t bound) {
  return static_cast<std::size_t>((static_cast<unsigned __int128>(mix(key, step)) * bound) >> 64);
}

}  // namespace

Walked walk(StateSpace& space,
            const WalkOptions& options,
            const std::function<bool(const Walked&)>& go_on) {
  Walked walked;
  Transitions out;
  for (std::uint64_t number = 0; number < options.walks; ++number) {
    if (go_on && !go_on(walked)) {
      walked.stopped = true;
      return walked;
    }
    const std::uint64_t key = mix(options.seed, number);
    out.clear();
    space.initial(out);
    HOLDFAST_REQUIRE(!out.empty());
    Violation path;
    const auto take = [&](std::size_t i) {
      path.states.emplace_back(out.next(i).begin(), out.next(i).end());
      path.text = space.violation(path.states.back());
    };
    take(draw(key, 0, out.size()));
    while (path.text.empty()) {
      out.clear();
      space.successors(path.states.back(), out);
      if (out.empty()) break;
      const std::size_t i = draw(key, path.states.size(), out.size());
      path.events.push_back(out.event(i));
      take(i);
    }
    ++walked.walks;
    walked.steps += path.events.size();
    walked.longest = std::max<std::uint64_t>(walked.longest, path.events.size());
    if (!path.text.empty()) {
      walked.violation = std::move(path);
      return walked;
    }
  }
  return walked;
}

}  // namespace holdfast::explore
