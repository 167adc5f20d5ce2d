#pragma once

// What is right for the log, as a referee of the checker: Lamport's Voting runs beside the code.
//
// A promise that was said is IncreaseMaxBal, an acceptance VoteFor.  Each vote must be safe where
// it is said: no other value was or can be chosen in a lower ballot (SafeAt of the module Voting,
// "Paxos" in tlaplus/Examples).  So what is chosen never changes, and it is enough to ask of
// learners and clients that they were told nothing else, and that reads have all of it.  What was
// said stays said: wipes leave the ghosts of votes behind, and the ballots that they were given in.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/explore/referee.h"

namespace holdfast::scenarios {

class LogReferee final : public explore::Referee {
 public:
  // Members have the ids 1 to `members`.
  explicit LogReferee(std::uint32_t members) : members_(members) {}

  std::string start() const override;
  explore::Ruling judge(const std::string& memory,
                        const explore::Observed& observed) const override;

 private:
  std::uint32_t members_;
};

}  // namespace holdfast::scenarios
