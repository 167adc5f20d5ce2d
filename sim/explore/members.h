#pragma once

// Nodes as automata: the code of a node runs once for each local state and event that are ever met.
//
// A local state is found again in a life that came to it and was kept, or by letting what once led
// to it happen to a new life, which boots with the same disk image.  That the latter comes to the
// same is checked whenever it is done; a node that keeps something where a new life does not find
// it (a global, the order of addresses) is caught by that.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "sim/explore/automata.h"
#include "sim/explore/bounds.h"
#include "sim/explore/life.h"
#include "sim/explore/referee.h"
#include "sim/explore/spares.h"
#include "sim/explore/typed_behaviour.h"

namespace holdfast::explore {

// What happens to a node, by itself.
enum class Happening : std::uint8_t { kBoot, kDeliver, kRing, kFinishJob, kPerform, kDiskError };

struct LocalEvent {
  Happening what = Happening::kBoot;
  // The message, the lane's index, the operation's kind and serial, or whether the change is done.
  std::uint32_t argument = 0;

  static LocalEvent of(Operation operation) {
    return {Happening::kPerform, std::uint32_t{operation.kind} << 8 | operation.serial};
  }

  Operation operation() const {
    return {.kind = static_cast<std::uint8_t>(argument >> 8),
            .serial = static_cast<std::uint8_t>(argument)};
  }

  friend bool operator==(const LocalEvent&, const LocalEvent&) = default;
};

struct Local {
  Node node = 0;
  bool up = false;
  Past past;
  // With which it booted, or will.
  std::uint32_t image = 0;
  // Up: what happened last, to which local state.  A boot happens to one that is down.
  LocalState before = 0;
  LocalEvent last;
  Standing standing;
  Fingerprint name;
  // In the name of a system.
  Fingerprint worth{};
};

class Members {
 public:
  // Borrows the company.
  Members(const Company& company, Terms terms) : company_(company), terms_(terms) {}

  // Down, with its first disk.
  LocalState first(Node node);

  // Down, with an empty disk, after as many lives as it had.
  LocalState wiped(LocalState local);

  // Requires: the standing of the local state allows the event.  The reference is valid for ever.
  const Reaction& react(LocalState local, LocalEvent event);

  // Eager disks: what it may be after the power failed in the step of this event, before one of its
  // jobs, and what it had sent by then; each once.  Requires: it is up, and react() may be asked.
  const std::vector<Reaction>& interrupted(LocalState local, LocalEvent event);

  // The message does nothing at this local state, and the node says that it never will.
  bool deaf(LocalState local, Message message, Losses losses);

  // The reaction changes nothing, and nobody sees it.
  bool nothing(LocalState local, const Reaction& reaction) const {
    return reaction.next == local && reaction.sent.empty() && observed(reaction.seen).seen.empty();
  }

  // What it may be after the power failed, each once.  Requires: it is up.
  const std::vector<LocalState>& crashed(LocalState local);

  const Local& local(LocalState number) const { return locals_[number]; }

  const Sent& message(Message number) const { return messages_[number].sent; }

  Node sender(Message number) const { return messages_[number].from; }

  // Of the sender.
  std::uint32_t life(Message number) const { return messages_[number].link >> 16; }

  // The same for frames of one life of the sender to one receiver: life, sender, receiver, in 16, 8
  // and 8 bits.
  std::uint32_t link(Message number) const { return messages_[number].link; }

  // In the name of a system.
  const Fingerprint& worth_of_message(Message number) const { return messages_[number].worth; }

  const Observed& observed(Observation number) const { return observations_[number]; }

  Observation observation(const Observed& observed) { return observations_.number_of(observed); }

  const Company& company() const { return company_; }

  const Terms& terms() const { return terms_; }

  // Not empty: a node did something else when the same happened to it again, or after two histories
  // that it says are one state.
  const std::string& problem() const { return problem_; }

  std::size_t locals() const { return locals_.size(); }

  std::size_t messages() const { return messages_.size(); }

  // Of the code: for new pairs, and again to come back to a local state.
  std::uint64_t first_runs() const { return reactions_.size(); }

  std::uint64_t steps_run() const { return steps_run_; }

  // In whose code it is, and at what, or was last.
  struct Doing {
    Node node = 0;
    LocalEvent event;
  };

  const Doing& doing() const { return doing_; }

  // For people.
  std::string text_of(LocalEvent event) const;

  // How often an event was tried at another history of a state.
  std::uint64_t audits() const { return audits_; }

 private:
  struct Mail {
    Node from;
    std::uint32_t link;
    Sent sent;
    Fingerprint name;
    Fingerprint worth;
  };

  struct Names {
    std::size_t operator()(const Fingerprint& name) const {
      return static_cast<std::size_t>(name.low);
    }
  };

  // By what may be lost: whether a frame will never do anything.
  using Deaf = std::array<bool, 3>;

  // Another way to a local state than the one that is known of it.
  struct OtherWay {
    LocalState before;
    LocalEvent event;
  };

  void audit_merge(LocalState local, OtherWay way);
  void audit_event(LocalState local, OtherWay way, LocalEvent event);
  LocalState down(Node node, const Past& past, std::uint32_t image);
  LocalState intern(const Local& local);
  Message number_of(Node from, std::uint32_t life, const Sent& sent);
  std::vector<LocalEvent> history(LocalState local) const;
  std::unique_ptr<Life> life_at(LocalState local);
  std::unique_ptr<Life> live_again(LocalState local);
  Effects apply(Life& life, Node node, LocalEvent event);
  Deaf deaf_to(const Life& life, LocalEvent event) const;
  Reaction numbered(LocalState next, std::uint32_t life, const Effects& effects);
  Fingerprint name_of(LocalEvent event) const;
  Fingerprint name_of(const Life& life, LocalState before, LocalEvent event) const;
  std::uint32_t index_of(LocalState local, LocalEvent event) const;

  const Company& company_;
  Terms terms_;
  std::vector<Local> locals_;
  boost::unordered_flat_map<Fingerprint, LocalState, Names> known_locals_;
  std::vector<Mail> messages_;
  boost::unordered_flat_map<Fingerprint, Message, Names> known_messages_;
  Interned<Image> images_;
  Interned<Observed> observations_;
  std::deque<Reaction> reactions_;
  std::vector<Fingerprint> effects_;  // of each reaction
  std::vector<Deaf> deaf_;            // the same
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> known_reactions_;
  boost::unordered_flat_map<LocalState, std::vector<LocalState>> known_crashes_;
  boost::unordered_flat_map<std::uint64_t, std::vector<Reaction>> known_interruptions_;
  // With an audit, by local state.
  boost::unordered_flat_map<LocalState, std::vector<OtherWay>> other_ways_;
  boost::unordered_flat_map<LocalState, std::vector<LocalEvent>> events_at_;
  std::uint64_t audits_ = 0;
  Spares spares_;
  std::string problem_;
  std::uint64_t steps_run_ = 0;
  Doing doing_;
};

}  // namespace holdfast::explore
