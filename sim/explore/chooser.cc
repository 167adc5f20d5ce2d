#include "sim/explore/chooser.h"

#include <map>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

namespace holdfast::explore {
namespace {

class Uniform final : public Chooser {
 public:
  explicit Uniform(std::uint64_t key) : key_(key) {}

  std::size_t choose(std::uint64_t step, std::span<const Move> moves) override {
    return draw_below(key_, step, moves.size());
  }

 private:
  std::uint64_t key_;
};

class Priorities final : public Chooser {
 public:
  // Walks have about `steps` steps.
  Priorities(std::uint64_t key, std::uint32_t bug_depth, std::uint64_t steps)
      : key_(key),
        steps_(steps) {
    for (std::uint32_t i = 1; i < bug_depth; ++i)
      ++changes_[1 + draw_below(mix(key_, kChanges), i, steps)];
  }

  std::size_t choose(std::uint64_t step, std::span<const Move> moves) override {
    std::size_t best = first(step, moves);
    const auto change = changes_.find(step);
    const unsigned times = change == changes_.end() ? 0 : change->second;
    for (unsigned i = 0; i < times; ++i) {
      priorities_[thread_of(moves[best])] = --lowest_;
      best = first(step, moves);
    }
    return best;
  }

 private:
  static constexpr std::uint64_t kChanges = 1;
  static constexpr std::uint64_t kFaults = 2;
  static constexpr std::uint64_t kThreads = 3;
  static constexpr std::uint64_t kAlone = 4;

  // Of those that may move now; where nothing but faults is left, of these.
  std::size_t first(std::uint64_t step, std::span<const Move> moves) {
    std::size_t best = moves.size();
    for (const bool faults_wait : {true, false}) {
      for (std::size_t i = 0; i < moves.size(); ++i) {
        const Move& move = moves[i];
        if (faults_wait && move.fault && step < befalls(thread_of(move))) continue;
        if (best == moves.size() || priority(move) > priority(moves[best])) best = i;
      }
      if (best != moves.size()) return best;
    }
    HOLDFAST_UNREACHABLE("nothing to choose from");
  }

  // In every other walk each event is a thread of its own, so that what one thread does is
  // reordered.
  std::uint32_t thread_of(const Move& move) const {
    return (mix(key_, kAlone) & 1) != 0 ? move.event : move.thread;
  }

  std::uint64_t befalls(std::uint32_t thread) const {
    return 1 + draw_below(mix(key_, kFaults), thread, steps_);
  }

  std::int64_t priority(const Move& move) {
    const std::uint32_t thread = thread_of(move);
    const auto [place, fresh] = priorities_.try_emplace(thread, 0);
    if (fresh) place->second = static_cast<std::int64_t>(mix(mix(key_, kThreads), thread) >> 1);
    return place->second;
  }

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

}  // namespace

std::unique_ptr<Chooser> make_chooser(const WalkOptions& options,
                                      std::uint64_t key,
                                      std::uint64_t longest) {
  HOLDFAST_REQUIRE(options.bug_depth >= 1);
  if (options.choice == Choice::kUniform) return std::make_unique<Uniform>(key);
  return std::make_unique<Priorities>(key, options.bug_depth, longest == 0 ? kFirstGuess : longest);
}

std::size_t draw_below(std::uint64_t key, std::uint64_t step, std::size_t bound) {
  return static_cast<std::size_t>((static_cast<unsigned __int128>(mix(key, step)) * bound) >> 64);
}

}  // namespace holdfast::explore
