#pragma once

// How a replica learns what it missed: first by asking for what others have learned, read-only and
// without a ballot, several ranges at a time; by running Paxos only where nobody who answers has
// the position learned; and a truncated prefix in one step (D8, D11).

#include <cstdint>
#include <optional>

#include "protocol/proposer.h"

namespace holdfast {

class CatchUp {
 public:
  enum class Means : std::uint8_t {
    kFetch,      // ask only
    kFetchFill,  // ask, then run ballots
  };

  explicit CatchUp(Proposer::Wiring wiring, Proposer& proposer);

  // For fibers: returns true once every position <= `to` is learned or truncated here, durably
  // where begin moved.  False: patience ended first, or with kFetch nobody could tell.
  //
  // Requires: with kFetchFill above chosen_upto, an election of this member under way, or a
  // recovery that finds nobody to close its range (nobody else may run ballots there).
  bool complete(Position to, Means means, const Patience& patience);

  // For a fiber of its own: keeps this replica learned up to what is known to be chosen.
  void follow();

  // Something was heard to be chosen.
  void on_chosen_rose() { chosen_rose_.notify_all(); }

  // All that what it does later depends on (node_state.cc).
  void add_state(StateHash& hash) const;

 private:
  // What came of questions: kSilence if nothing was learned, and some who were asked did not answer
  // in time.
  enum class Fetched : std::uint8_t { kLearned, kNothing, kSilence };

  bool await_begin(Instant deadline);
  // One round of them about `gaps`.
  Fetched fetch_round(const std::vector<Interval>& gaps, Means means);
  Fetched fetch_range(Interval range, Means means);
  void note_answer_time(std::optional<Duration> last_answer);
  bool apply(const FetchRequest& request, FetchReply& reply);
  void fill_round(Position to, const Patience& patience, std::size_t fills_max);
  void fill_lowest(Position position, const Patience& patience);

  Proposer::Wiring w_;
  Proposer& proposer_;
  // How long a question waits for its answers.
  Duration answer_time_;
  // Of the last answer that had entries.
  std::size_t answer_bytes_ = 0;
  Event chosen_rose_;
};

}  // namespace holdfast
