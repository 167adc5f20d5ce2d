#include "sim/explore/walk.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

namespace holdfast::explore {
namespace {

std::size_t draw(std::uint64_t key, std::uint64_t step, std::size_t bound) {
  return static_cast<std::size_t>((static_cast<unsigned __int128>(mix(key, step)) * bound) >> 64);
}

// One walk's way to choose.
class Chooser {
 public:
  virtual ~Chooser() = default;

  // Of the transitions out of a state, which are not none.  Steps count from 1.
  virtual std::size_t choose(std::uint64_t step, const Transitions& out) = 0;
};

class Uniform final : public Chooser {
 public:
  explicit Uniform(std::uint64_t key) : key_(key) {}

  std::size_t choose(std::uint64_t step, const Transitions& out) override {
    return draw(key_, step, out.size());
  }

 private:
  std::uint64_t key_;
};

class Priorities final : public Chooser {
 public:
  // Walks have about `steps` steps.
  Priorities(const StateSpace& space,
             std::uint64_t key,
             std::uint32_t bug_depth,
             std::uint64_t steps)
      : space_(space),
        key_(key),
        steps_(steps) {
    for (std::uint32_t i = 1; i < bug_depth; ++i)
      ++changes_[1 + draw(mix(key_, kChanges), i, steps)];
  }

  std::size_t choose(std::uint64_t step, const Transitions& out) override {
    std::size_t best = first(step, out);
    const auto change = changes_.find(step);
    const unsigned times = change == changes_.end() ? 0 : change->second;
    for (unsigned i = 0; i < times; ++i) {
      priorities_[thread_of(out.event(best))] = --lowest_;
      best = first(step, out);
    }
    return best;
  }

 private:
  static constexpr std::uint64_t kChanges = 1;
  static constexpr std::uint64_t kFaults = 2;
  static constexpr std::uint64_t kThreads = 3;
  static constexpr std::uint64_t kAlone = 4;

  // Of those that may move now; where nothing but faults is left, of these.
  std::size_t first(std::uint64_t step, const Transitions& out) {
    std::size_t best = out.size();
    for (const bool faults_wait : {true, false}) {
      for (std::size_t i = 0; i < out.size(); ++i) {
        const StateSpace::Mover mover = space_.mover_of(out.event(i));
        if (faults_wait && mover.fault && step < befalls(thread_of(out.event(i)))) continue;
        if (best == out.size() || priority(out.event(i)) > priority(out.event(best))) best = i;
      }
      if (best != out.size()) return best;
    }
    HOLDFAST_UNREACHABLE("nothing to choose from");
  }

  // In every other walk each event is a thread of its own, so that what one thread does is
  // reordered.
  std::uint32_t thread_of(EventName event) const {
    return (mix(key_, kAlone) & 1) != 0 ? event : space_.mover_of(event).thread;
  }

  std::uint64_t befalls(std::uint32_t thread) const {
    return 1 + draw(mix(key_, kFaults), thread, steps_);
  }

  std::int64_t priority(EventName event) {
    const std::uint32_t thread = thread_of(event);
    const auto [place, fresh] = priorities_.try_emplace(thread, 0);
    if (fresh) place->second = static_cast<std::int64_t>(mix(mix(key_, kThreads), thread) >> 1);
    return place->second;
  }

  const StateSpace& space_;
  std::uint64_t key_;
  std::uint64_t steps_;
  // How many, by the step.
  std::map<std::uint64_t, unsigned> changes_;
  // By thread; lowered ones are below 0.
  std::map<std::uint32_t, std::int64_t> priorities_;
  std::int64_t lowest_ = 0;
};

// The first walks by priorities are too long or too short for what they guess; later ones know.
constexpr std::uint64_t kFirstGuess = 32;

std::unique_ptr<Chooser> chooser(const StateSpace& space,
                                 const WalkOptions& options,
                                 std::uint64_t key,
                                 const Walked& walked) {
  if (options.choice == Choice::kUniform) return std::make_unique<Uniform>(key);
  const std::uint64_t steps = walked.longest == 0 ? kFirstGuess : walked.longest;
  return std::make_unique<Priorities>(space, key, options.bug_depth, steps);
}

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
  take(draw(key, 0, out.size()));
  while (path.text.empty()) {
    out.clear();
    space.successors(path.states.back(), out);
    if (out.empty()) break;
    const std::size_t i = chooser.choose(path.states.size(), out);
    path.events.push_back(out.event(i));
    take(i);
  }
  return path;
}

}  // namespace

Walked walk(StateSpace& space,
            const WalkOptions& options,
            const std::function<bool(const Walked&)>& go_on) {
  HOLDFAST_REQUIRE(options.bug_depth >= 1);
  Walked walked;
  for (std::uint64_t number = 0; number < options.walks; ++number) {
    if (go_on && !go_on(walked)) {
      walked.stopped = true;
      return walked;
    }
    const std::uint64_t key = mix(options.seed, number);
    Violation path = walk_once(space, key, *chooser(space, options, key, walked));
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
