#include "scenarios/explore/log_referee.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "protocol/events.h"

#include "scenarios/explore/log_company.h"
#include "scenarios/explore/voting_memory.h"

namespace holdfast::scenarios {
namespace {

using Memory = VotingMemory;
using explore::Observed;
using explore::Seen;

constexpr std::uint64_t kLearnedFlag = 1;
constexpr std::uint64_t kTombstoneFlag = 2;

std::uint64_t unlearned(std::uint64_t flags) {
  return flags & ~kLearnedFlag;
}

ValueType type_of(std::uint64_t flags) {
  return static_cast<ValueType>(flags >> 8 & 0xff);
}

LogOperation operation_of(std::uint64_t op) {
  return LogOperation{static_cast<std::uint8_t>(op >> 8)};
}

class Trial {
 public:
  Trial(Memory& memory, std::uint32_t member)
      : memory_(memory),
        member_(member),
        begin_before_(self().begin) {}

  // What is wrong, or nothing.
  std::string take(const Seen& seen) {
    const std::vector<std::uint64_t>& w = seen.words;
    switch (seen.kind) {
      case EventKind::kRestored:
        return restored(w);
      case EventKind::kRestoredAction:
        return restored_action(w);
      case EventKind::kStatus:
        return became(w);
      case EventKind::kKnown:
        raise(self().known, w);
        if (found_) raise(*found_, w);
        return {};
      case EventKind::kVouched:
        raise(self().stored, w);
        return {};
      case EventKind::kPromised:
        return w[0] == kNoPosition ? promised(w[1]) : promised_at(w[0], w[1]);
      case EventKind::kAccepted:
        if (std::string problem = kept(w[0], w[2]); !problem.empty()) return problem;
        return accepted(w[0], w[1], w[2], w[3]);
      case EventKind::kChosen:
        return counted(w[0], w[3]);
      case EventKind::kLearned:
        if (std::string problem = kept(w[0], w[1]); !problem.empty()) return problem;
        return learned(w);
      case EventKind::kBegin:
        return begin_moved(w[0]);
      case EventKind::kAppendCalled:
        memory_.calls[w[0]].value = w[1];
        if (operation_of(w[0]) == LogOperation::kRetry) memory_.retried.insert(w[1]);
        return {};
      case EventKind::kAppendReturned:
        return append_returned(w[0], static_cast<Outcome>(w[1]), w[2]);
      case EventKind::kReadEntry:
        read_[w[1]] = w[2];
        return {};
      case EventKind::kReadReturned:
        return read_returned(w[0], static_cast<Outcome>(w[1]), w[2], w[3]);
      case EventKind::kElectCalled:
      case EventKind::kBarrierCalled:
        remember_acknowledged(w[0]);
        return {};
      case EventKind::kBarrierReturned:
        return barrier_returned(w[0], static_cast<Outcome>(w[1]), w[2]);
      case EventKind::kElectReturned:
        return elect_returned(w[0], static_cast<Outcome>(w[1]), w[2]);
      default:
        return {};
    }
  }

  // At the end of the step.
  std::string finish() {
    for (std::size_t i = 0; found_ && i < found_->size(); ++i) {
      if ((*found_)[i] >= self().stored[i]) continue;
      return about("monotonic",
                   fmt::format("came back without the number {} of member {}, for which it vouched",
                               self().stored[i],
                               i + 1));
    }
    return {};
  }

 private:
  const Memory::Member& self() const { return memory_.members[member_]; }

  Memory::Member& self() { return memory_.members[member_]; }

  Memory::Acceptor& acceptor() { return self().acceptors[self().incarnation]; }

  std::size_t quorum() const { return memory_.members.size() / 2 + 1; }

  std::string about(const char* property, const std::string& what) const {
    return fmt::format("{}: member {} {}", property, member_ + 1, what);
  }

  std::string restored(const std::vector<std::uint64_t>& w) {
    self().incarnation = static_cast<std::uint16_t>(w[6]);
    self().voting = static_cast<Status>(w[0]) == Status::kVoting;
    // It says in this step what its disk knows.
    self().known = self().stored;
    found_.emplace(self().stored.size());
    if (std::string problem = begins(w[2], w[3]); !problem.empty()) return problem;
    // Who has lost its disk has no number yet.
    if (!self().voting) return {};
    if (w[1] >= acceptor().promised) return reserves(w[5]);
    return about(
        "monotonic",
        fmt::format("came back with promise {}, after it had said {}", w[1], acceptor().promised));
  }

  // A ballot of this disk that others have heard of is one that it will not make again.
  std::string reserves(std::uint64_t rounds) const {
    const Memory::Ballot own = Ballot::of(0, self().incarnation, explore::id_of(member_)).value;
    std::uint64_t used = 0;
    const auto heard = [&](Memory::Ballot ballot) {
      const std::uint64_t round = Ballot{ballot}.round();
      if (Ballot::of(round, 0, NodeId{}).value + own == ballot) used = std::max(used, round);
    };
    for (const Memory::Member& member : memory_.members) {
      for (const auto& [incarnation, acceptor] : member.acceptors) {
        heard(acceptor.promised);
        for (const auto& [position, spot] : acceptor.spots) {
          heard(spot.promised);
          for (const auto& [ballot, vote] : spot.votes)
            heard(ballot);
        }
      }
    }
    if (used <= rounds) return {};
    return about(
        "monotonic",
        fmt::format(
            "came back with rounds reserved up to {}, after it had used round {}", rounds, used));
  }

  // A TRUNCATE that was stored may not have been said before the restart.
  std::string begins(Memory::Position begin, Memory::Position made_at) {
    if (begin < self().begin) {
      return about(
          "truncation",
          fmt::format("came back with begin {}, after it had said {}", begin, self().begin));
    }
    self().begin = begin;
    const auto maker = memory_.chosen.find(made_at);
    const bool is_made =
        maker != memory_.chosen.end() && type_of(maker->second.flags) == ValueType::kTruncate;
    if (is_made) memory_.begin = std::max(memory_.begin, begin);
    return {};
  }

  std::string begin_moved(Memory::Position begin) {
    if (begin < self().begin) {
      return about("truncation",
                   fmt::format("moved begin back to {}, from {}", begin, self().begin));
    }
    if (begin > memory_.begin) {
      return about("truncation",
                   fmt::format("moved begin to {}, which no chosen TRUNCATE does", begin));
    }
    self().begin = begin;
    return {};
  }

  // Nothing is stored below where the log began before this step; in it, the order of what is said
  // means nothing.  The record that carries a begin lies right below it.
  std::string kept(Memory::Position position, std::uint64_t flags) const {
    const bool carrier = (flags & kTombstoneFlag) != 0 && position + 1 == begin_before_;
    if (position >= begin_before_ || carrier) return {};
    return about(
        "truncation",
        fmt::format("stored position {}, though its log begins at {}", position, begin_before_));
  }

  // A vote that was stored may not have been said before the restart.
  std::string restored_action(const std::vector<std::uint64_t>& w) {
    if (w[2] == 0) return {};
    // Of a position where something is chosen it is not remembered which votes were said.
    const auto chosen = memory_.chosen.find(w[0]);
    if (chosen != memory_.chosen.end() && w[2] < chosen->second.ballot) return {};
    return accepted(w[0], w[2], w[3], w[4]);
  }

  // Whoever begins to vote can do what it has not promised away, or what an old disk of it had:
  // what was voted for so far must still be safe.
  std::string became(const std::vector<std::uint64_t>& w) {
    self().incarnation = static_cast<std::uint16_t>(w[1]);
    self().voting = static_cast<Status>(w[0]) == Status::kVoting;
    acceptor().promised = std::max(acceptor().promised, w[2]);
    // What it took over from those it asked is on the disk as well.
    for (std::size_t i = 0; i < self().stored.size(); ++i)
      self().stored[i] = std::max(self().stored[i], self().known[i]);
    if (!self().voting) return {};
    for (const Memory::Member& member : memory_.members) {
      for (const auto& [incarnation, acceptor] : member.acceptors) {
        for (const auto& [position, spot] : acceptor.spots) {
          for (const auto& [ballot, vote] : spot.votes) {
            if (is_safe(position, ballot, vote.value)) continue;
            return about("voting",
                         fmt::format("begins to vote, and could do away with what was voted for "
                                     "position {} at ballot {}",
                                     position,
                                     ballot));
          }
        }
      }
    }
    return {};
  }

  static void raise(Memory::Numbers& numbers, const std::vector<std::uint64_t>& w) {
    std::uint16_t& number = numbers[w[0] - 1];
    number = std::max(number, static_cast<std::uint16_t>(w[1]));
  }

  std::string promised(Memory::Ballot ballot) {
    Memory::Acceptor& mine = acceptor();
    if (ballot < mine.promised) {
      return about("monotonic", fmt::format("promised {}, after {}", ballot, mine.promised));
    }
    mine.promised = ballot;
    return {};
  }

  // Of a position of which it has said nothing it has promised what it promised of all.
  Memory::Spot& spot(Memory::Position position) {
    Memory::Acceptor& mine = acceptor();
    return mine.spots.try_emplace(position, Memory::Spot{.promised = mine.promised, .votes = {}})
        .first->second;
  }

  std::string promised_at(Memory::Position position, Memory::Ballot ballot) {
    Memory::Spot& mine = spot(position);
    const auto chosen = memory_.chosen.find(position);
    if (chosen != memory_.chosen.end()) {
      // Above the ballot in which something was chosen promises make no difference.
      mine.promised = std::max(mine.promised, std::min(ballot, chosen->second.ballot));
      return {};
    }
    if (ballot < mine.promised) {
      return about(
          "monotonic",
          fmt::format("promised {} of position {}, after {}", ballot, position, mine.promised));
    }
    mine.promised = ballot;
    return {};
  }

  std::string too_late(Memory::Position position,
                       Memory::Ballot ballot,
                       Memory::Ballot promised) const {
    return about(
        "voting",
        fmt::format(
            "accepted position {} at ballot {}, after it promised {}", position, ballot, promised));
  }

  // Who has learned what was chosen says its vote for it again, whatever it promised since: nothing
  // depends on one vote more.
  std::string accepted_chosen(Memory::Position position,
                              Memory::Ballot ballot,
                              Memory::Digest value) {
    const Memory::Chosen& chosen = memory_.chosen.at(position);
    Memory::Spot& mine = spot(position);
    if (value != chosen.value && ballot > chosen.ballot) {
      return about(
          "voting",
          fmt::format("accepted a value of position {} at ballot {}, after another one was "
                      "chosen at {}",
                      position,
                      ballot,
                      chosen.ballot));
    }
    if (value != chosen.value && ballot < mine.promised) {
      return too_late(position, ballot, mine.promised);
    }
    mine.promised = std::max(mine.promised, std::min(ballot, chosen.ballot));
    return {};
  }

  std::string accepted(Memory::Position position,
                       Memory::Ballot ballot,
                       std::uint64_t flags,
                       Memory::Digest value) {
    if (memory_.chosen.contains(position)) return accepted_chosen(position, ballot, value);
    Memory::Spot& mine = spot(position);
    const auto before = mine.votes.find(ballot);
    if (before != mine.votes.end()) {
      if (before->second.value == value) return {};
      return about(
          "voting",
          fmt::format("accepted two values of position {} at ballot {}", position, ballot));
    }
    if (ballot < mine.promised) return too_late(position, ballot, mine.promised);
    mine.promised = ballot;
    mine.votes[ballot] = {.value = value, .known = self().known};
    if (std::string problem = one_value(position, ballot, value); !problem.empty()) return problem;
    if (!is_safe(position, ballot, value)) {
      return about(
          "voting",
          fmt::format("accepted a value of position {} at ballot {} while another one was, "
                      "or could still be, chosen in a lower one",
                      position,
                      ballot));
    }
    if (!has_quorum(position, ballot, value)) return {};
    return choose(position, ballot, flags, value);
  }

  template <typename Do>
  void for_each_vote(Memory::Position position, Memory::Ballot ballot, Do act) const {
    for (std::uint32_t i = 0; i < memory_.members.size(); ++i) {
      for (const auto& [incarnation, acceptor] : memory_.members[i].acceptors) {
        const auto spot = acceptor.spots.find(position);
        if (spot == acceptor.spots.end()) continue;
        const auto vote = spot->second.votes.find(ballot);
        if (vote != spot->second.votes.end()) act(Voter{i, incarnation, &vote->second});
      }
    }
  }

  std::string one_value(Memory::Position position,
                        Memory::Ballot ballot,
                        Memory::Digest value) const {
    std::string problem;
    for_each_vote(position, ballot, [&](const Voter& voter) {
      if (voter.vote->value == value) return;
      problem =
          about("voting",
                fmt::format("accepted another value of position {} at ballot {} than member {}",
                            position,
                            ballot,
                            voter.member + 1));
    });
    return problem;
  }

  // NoneOtherChoosableAt for every lower ballot.  Ballots in which nobody voted are alike: the
  // highest is enough.
  bool is_safe(Memory::Position position, Memory::Ballot ballot, Memory::Digest value) const {
    std::set<Memory::Ballot> lower{ballot - 1};
    for (const Memory::Member& member : memory_.members) {
      for (const auto& [incarnation, acceptor] : member.acceptors) {
        const auto spot = acceptor.spots.find(position);
        if (spot == acceptor.spots.end()) continue;
        for (const auto& [voted, vote] : spot->second.votes)
          if (voted < ballot) lower.insert(voted);
      }
    }
    return std::ranges::none_of(
        lower, [&](Memory::Ballot c) { return another_can_be_chosen(position, c, value); });
  }

  // By those who voted for something else there, in any life, and those who can still vote.
  bool another_can_be_chosen(Memory::Position position,
                             Memory::Ballot c,
                             Memory::Digest value) const {
    std::vector<Voter> voters;
    bool voted_for_value = false;
    for_each_vote(position, c, [&](const Voter& voter) {
      if (voter.vote->value != value) {
        voters.push_back(voter);
      } else {
        voted_for_value = true;
      }
    });
    // One ballot is for one value.
    if (voted_for_value) return false;
    std::vector<Memory::Vote> votes(memory_.members.size());
    for (std::uint32_t i = 0; i < memory_.members.size(); ++i) {
      const Memory::Member& member = memory_.members[i];
      if (!can_vote(member, position, c)) continue;
      votes[i].known = member.stored;
      voters.push_back({i, member.incarnation, &votes[i]});
    }
    std::vector<Voter> taken;
    return agree(voters, taken);
  }

  static bool can_vote(const Memory::Member& member, Memory::Position position, Memory::Ballot c) {
    if (!member.voting) return false;
    const auto acceptor = member.acceptors.find(member.incarnation);
    if (acceptor == member.acceptors.end()) return true;
    const auto spot = acceptor->second.spots.find(position);
    if (spot == acceptor->second.spots.end()) return acceptor->second.promised <= c;
    return spot->second.promised <= c && !spot->second.votes.contains(c);
  }

  // Of so many members, each of whom counted the others' lives when it voted.
  bool has_quorum(Memory::Position position, Memory::Ballot ballot, Memory::Digest value) const {
    std::vector<Voter> voters;
    for_each_vote(position, ballot, [&](const Voter& voter) {
      if (voter.vote->value == value) voters.push_back(voter);
    });
    std::vector<Voter> taken;
    return agree(voters, taken);
  }

  struct Voter {
    std::uint32_t member;
    std::uint16_t incarnation;
    const Memory::Vote* vote;

    bool counts(const Voter& other) const {
      return other.member != member && vote->known[other.member] <= other.incarnation;
    }
  };

  bool agree(std::span<const Voter> voters, std::vector<Voter>& taken) const {
    if (taken.size() == quorum()) return true;
    for (std::size_t i = 0; i < voters.size(); ++i) {
      const bool fits = std::ranges::all_of(taken, [&](const Voter& other) {
        return other.counts(voters[i]) && voters[i].counts(other);
      });
      if (!fits) continue;
      taken.push_back(voters[i]);
      if (agree(voters.subspan(i + 1), taken)) return true;
      taken.pop_back();
    }
    return false;
  }

  std::string choose(Memory::Position position,
                     Memory::Ballot ballot,
                     std::uint64_t flags,
                     Memory::Digest value) {
    if (type_of(flags) == ValueType::kAppend) {
      if (std::string problem = chosen_once(position, value); !problem.empty()) return problem;
    }
    memory_.chosen[position] = {.value = value, .flags = unlearned(flags), .ballot = ballot};
    for (Memory::Member& member : memory_.members) {
      for (auto& [incarnation, acceptor] : member.acceptors) {
        const auto spot = acceptor.spots.find(position);
        if (spot == acceptor.spots.end()) continue;
        spot->second = {.promised = std::min(spot->second.promised, ballot), .votes = {}};
      }
    }
    return {};
  }

  std::string chosen_once(Memory::Position position, Memory::Digest value) const {
    for (const auto& [other, before] : memory_.chosen) {
      // Keys of what is truncated are forgotten.
      if (before.value == value && other >= memory_.begin) {
        return about("exactly_once",
                     fmt::format("made one append chosen at {} and at {}", other, position));
      }
    }
    // What failed may happen all the same once it is tried again.
    if (memory_.retried.contains(value)) return {};
    for (const auto& [op, call] : memory_.calls) {
      if (call.failed && call.value == value) {
        return about("exactly_once",
                     fmt::format("made an append chosen at {} that had failed", position));
      }
    }
    return {};
  }

  std::string counted(Memory::Position position, Memory::Digest value) const {
    const auto chosen = memory_.chosen.find(position);
    if (chosen != memory_.chosen.end() && chosen->second.value == value) return {};
    return about("learned_is_chosen",
                 fmt::format("counted a quorum at position {} that there is not", position));
  }

  std::string learned(const std::vector<std::uint64_t>& w) {
    if ((w[1] & kTombstoneFlag) != 0) {
      if (w[0] < memory_.begin) return {};
      return about("learned_is_chosen",
                   fmt::format("learned a tombstone at {}, which no TRUNCATE covers", w[0]));
    }
    const auto chosen = memory_.chosen.find(w[0]);
    if (chosen == memory_.chosen.end() || chosen->second.value != w[2]) {
      return about("learned_is_chosen",
                   fmt::format("learned at position {} what no quorum accepted", w[0]));
    }
    if (type_of(w[1]) == ValueType::kTruncate) return truncated(w[0], w[3]);
    return {};
  }

  // Only what is decided is truncated.
  std::string truncated(Memory::Position position, Memory::Position to) {
    for (Memory::Position below = memory_.begin; below < to; ++below) {
      if (below < position && memory_.chosen.contains(below)) continue;
      return about(
          "truncation",
          fmt::format(
              "learned a TRUNCATE to {} at {}, while {} is not decided", to, position, below));
    }
    memory_.begin = std::max(memory_.begin, to);
    return {};
  }

  std::string append_returned(std::uint64_t op, Outcome outcome, Memory::Position position) {
    Memory::Call& call = memory_.calls[op];
    const auto is_it = [&](const auto& entry) { return entry.second.value == call.value; };
    if (outcome == Outcome::kFailed) {
      call.failed = true;
      const bool retried = memory_.retried.contains(call.value);
      if (retried || std::ranges::none_of(memory_.chosen, is_it)) return {};
      return about("exactly_once", "was told that an append failed which is chosen");
    }
    if (outcome == Outcome::kUnknown) memory_.calls.erase(op);
    if (outcome != Outcome::kOk) return {};
    const auto chosen = memory_.chosen.find(position);
    if (chosen == memory_.chosen.end() || chosen->second.value != call.value) {
      return about(
          "durability",
          fmt::format("acknowledged position {}, where the entry is not chosen", position));
    }
    memory_.acknowledged = std::max(memory_.acknowledged.value_or(0), position);
    memory_.calls.erase(op);
    return {};
  }

  // Every entry that is chosen there, and nothing else.
  std::string read_returned(std::uint64_t op,
                            Outcome outcome,
                            Memory::Position from,
                            Memory::Position to) {
    const std::map<Memory::Position, Memory::Digest> entries = std::exchange(read_, {});
    // A truncation may overtake any read.
    const bool overtaken = from < memory_.begin;
    if (outcome != Outcome::kOk && operation_of(op) == LogOperation::kElect && !overtaken) {
      return about("election_completeness",
                   fmt::format("was elected with end {}, which it can not read", to));
    }
    if (outcome != Outcome::kOk) return {};
    for (Memory::Position position = from; position <= to; ++position) {
      const auto chosen = memory_.chosen.find(position);
      if (chosen == memory_.chosen.end()) {
        return about("no_holes",
                     fmt::format("read over position {}, where nothing is chosen", position));
      }
      const auto entry = entries.find(position);
      const bool wanted = type_of(chosen->second.flags) == ValueType::kAppend;
      if (wanted != (entry != entries.end()) || (wanted && entry->second != chosen->second.value)) {
        return about("no_holes",
                     fmt::format("read at position {} {}",
                                 position,
                                 wanted ? "not what is chosen" : "an entry that is none"));
      }
    }
    return {};
  }

  // Of a linearizable read: whatever was acknowledged to anybody before it was called.
  std::string barrier_returned(std::uint64_t op, Outcome outcome, Memory::Position end) {
    const std::optional<Memory::Position> floor = memory_.calls[op].acknowledged;
    memory_.calls.erase(op);
    if (outcome != Outcome::kOk || !floor || (end != kNoPosition && end >= *floor)) return {};
    return about("history",
                 fmt::format("passed a barrier with end {}, while {} had been acknowledged",
                             end == kNoPosition ? "none" : std::to_string(end),
                             *floor));
  }

  void remember_acknowledged(std::uint64_t op) {
    memory_.calls[op].acknowledged = memory_.acknowledged;
  }

  std::string elect_returned(std::uint64_t op, Outcome outcome, Memory::Position end) {
    const std::optional<Memory::Position> floor = memory_.calls[op].acknowledged;
    memory_.calls.erase(op);
    if (outcome != Outcome::kOk || !floor || end >= *floor) return {};
    return about(
        "election_completeness",
        fmt::format("was elected with end {}, while {} had been acknowledged", end, *floor));
  }

  Memory& memory_;
  std::uint32_t member_;
  // Entries of the read that is about to return, which is recorded in one step.
  std::map<Memory::Position, Memory::Digest> read_;
  Memory::Position begin_before_;
  // Of all members' incarnations, on the disk of a member that starts in this step.
  std::optional<Memory::Numbers> found_;
};

}  // namespace

std::string LogReferee::start() const {
  VotingMemory memory;
  memory.members.resize(members_);
  for (VotingMemory::Member& member : memory.members) {
    member.known.resize(members_);
    member.stored.resize(members_);
  }
  return memory.bytes();
}

explore::Ruling LogReferee::judge(const std::string& memory, const Observed& observed) const {
  VotingMemory now = VotingMemory::of(memory);
  std::string problem;
  if (observed.what == Observed::What::kWipe) {
    // The ghosts of its votes stay.
    now.members[observed.node].voting = false;
    now.members[observed.node].known.assign(members_, 0);
    now.members[observed.node].stored.assign(members_, 0);
    now.members[observed.node].begin = 0;
  }
  Trial trial(now, observed.node);
  for (const Seen& seen : observed.seen) {
    problem = trial.take(seen);
    if (!problem.empty()) break;
  }
  if (problem.empty()) problem = trial.finish();
  return {.memory = now.bytes(), .violation = std::move(problem)};
}

}  // namespace holdfast::scenarios
