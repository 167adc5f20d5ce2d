#pragma once

// How a member comes to vote: at the first start of a log, and after its disk was lost.
//
//            all EMPTY, twice              all STARTING or VOTING, or one VOTING
//     EMPTY ------------------> STARTING ------------------------------------> VOTING
//       |                          | its id has a number already                ^  |
//       |  q others are VOTING     v                                            |  | outnumbered
//       +--------------------> RECOVERING(k) --- registered at q others, -------+  |
//                                  ^            range learned, confirmed by q      |
//                                  |            others that k is about to vote     |
//                                  +-----------------------------------------------+
//                                    more than n - q others know a later life that voted;
//                                    else, once q - 1 others know of none, it goes on voting
//                                    under a number above all that are known
//
// A directory that is lost takes promises and votes with it, so the member comes back as another
// acceptor: under incarnation k, one above every number that q others know.  It votes only once q
// VOTING others have made k durable (and so count no vote of its former lives any more), once it
// has learned all that they may have voted for together with those, and once q others have made it
// durable that k is about to vote.  By that a life that votes is told apart from one that was lost
// after it had told its number to some (docs/PROTOCOL.md, 11).

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/catchup.h"
#include "protocol/coordinator.h"

namespace holdfast {

// Where a member stands, for an operator.
struct RecoveryReport {
  enum class Wait : std::uint8_t {
    kNothing,       // VOTING
    kAnswers,       // asks the others who they are
    kInitialise,    // everybody is EMPTY, and an operator has to initialise the log
    kFirstStart,    // the log is being initialised
    kVoters,        // its disk was lost, and too few others vote: stuck until more of them do
    kNeverReturns,  // its disk was lost, and so few members can never bring one back
    kRegistration,  // asks the others to count its former lives no more
    kRange,         // learns what it missed
    kConfirmation,  // tells the others that it is about to vote
  };

  Wait wait = Wait::kAnswers;
  // Of the last round of answers, this member's included.
  std::size_t voting = 0;
  std::size_t recovering = 0;
  std::size_t starting = 0;
  std::size_t empty = 0;
  // VOTING members other than this one that it takes.
  std::size_t voters_needed = 0;
  Incarnation incarnation;
  // kRange only: the last position it must learn.
  Position end;

  // What it waits for and, where somebody has to act, what to do.
  std::string text() const;
};

class Recovery {
 public:
  Recovery(Proposer::Wiring wiring,
           Proposer& proposer,
           CatchUp& catchup,
           Coordinator& coordinator,
           ReplicaListener& listener)
      : w_(wiring),
        proposer_(proposer),
        catchup_(catchup),
        coordinator_(coordinator),
        listener_(listener),
        outnumbered_(wiring.scheduler) {}

  // For a fiber of its own: brings the member to VOTING and keeps it there.
  void run();

  // Somebody knows this member under a higher number than its directory has.
  void on_outnumbered() { outnumbered_.notify_all(); }

  const RecoveryReport& report() const { return report_; }

  // All that what it does later depends on (node_state.cc).
  void add_state(StateHash& hash) const;

 private:
  using Testimony = Proposer::Testimony;
  using Testimonies = std::vector<Testimony>;

  // Whether the directory is of the last life of this member that may have voted, and not an old
  // copy.  While this process runs there is no other, so what was true once stays true.
  enum class Current : std::uint8_t { kUnknown, kYes, kNo };

  bool outnumbered() const;
  void vote_until_outnumbered();
  void announce();
  template <typename Which>
  std::size_t count_others(const Testimonies& heard, Which which) const;
  bool votes(const Testimony& t) const;
  Current ask_whether_current();
  bool register_twice(Incarnation number);
  void attend_first_start();
  bool confirm_all_empty(const Testimonies& first);
  void renumber();
  void start_over();
  void take_number();
  bool too_often();
  bool countable(Incarnation above);
  void give_up(std::string why);
  void recover();
  bool learn_up_to(Position end);
  bool confirm();
  Testimonies ask(const RecoverRequest& request);
  void note(const Testimonies& heard);
  void pause();

  Status status() const { return w_.replica.image().metadata().status; }

  const Configuration& members() const { return w_.options.membership.at(Position{}); }

  Proposer::Wiring w_;
  Proposer& proposer_;
  CatchUp& catchup_;
  Coordinator& coordinator_;
  ReplicaListener& listener_;
  Event outnumbered_;
  Current current_ = Current::kUnknown;
  // q others have confirmed in this boot that they know the number that it votes under.
  bool announced_ = false;
  // The number under which it goes on voting, once enough know it.
  Incarnation next_;
  RecoveryReport report_;
  // In this boot: as often as this can only be a second process that uses the same id.
  static constexpr unsigned kOutnumberedMax = 8;
  unsigned outnumbered_times_ = 0;
};

}  // namespace holdfast
