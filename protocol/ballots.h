#pragma once

#include <cstdint>

#include "protocol/replica.h"

namespace holdfast {

// The one source of ballots of a replica, for its coordinator, its fills and its readers (D4).
//
// A ballot is made once and used for one attempt; only a resend repeats it.  The round is durable
// before the first message that carries it: rounds are reserved in blocks, and a restart continues
// above the block.
class Ballots {
 public:
  Ballots(const NodeOptions& options, Replica& replica) : options_(options), replica_(replica) {}

  // For fibers: a ballot above every one this replica made, promised or was refused with.
  Ballot next();

  // A ballot was seen that the next one must be above.
  void observe(Ballot ballot);

  // All that what it does later depends on (node_state.cc).
  void add_state(StateHash& hash) const;

 private:
  const NodeOptions& options_;
  Replica& replica_;
  // The last round handed out or seen.
  std::uint64_t round_ = 0;
};

}  // namespace holdfast
