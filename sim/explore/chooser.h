#pragma once

// How a random walk chooses among what can happen next.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace holdfast::explore {

// How a walk chooses.
enum class Choice : std::uint8_t {
  // Any, each as likely.
  kUniform,
  // By priorities of threads, drawn for each walk, of which a few are lowered on the way:
  // Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs",
  // ASPLOS 2010.  A bug that needs d events of n threads in an order is met by a walk of k steps
  // with a probability of at least 1 / (n k^(d-1)).  Faults befall at steps that are drawn as well.
  // In every other walk each event is a thread of its own, since frames of one link may overtake
  // each other.
  kPriorities,
};

// One of the things that can happen.
struct Move {
  // What does it: events of one thread come in their order.
  std::uint32_t thread = 0;
  // Names it among all events of the walk.
  std::uint32_t event = 0;
  // Nobody does it: it befalls somebody.
  bool fault = false;
};

// For one walk.
class Chooser {
 public:
  virtual ~Chooser() = default;

  // Requires: there is one.  Steps count from 1.
  virtual std::size_t choose(std::uint64_t step, std::span<const Move> moves) = 0;
};

struct WalkOptions {
  std::uint64_t walks = 0;
  // Walk n of a seed is always the same.
  std::uint64_t seed = 1;
  Choice choice = Choice::kUniform;
  // By priorities: d, at least 1.
  std::uint32_t bug_depth = 3;
};

// `key` names the walk, and `longest` is how long the longest before it was, 0 for the first.
std::unique_ptr<Chooser> make_chooser(const WalkOptions& options,
                                      std::uint64_t key,
                                      std::uint64_t longest);

// Below `bound`, by the key and the step.
std::size_t draw_below(std::uint64_t key, std::uint64_t step, std::size_t bound);

}  // namespace holdfast::explore
