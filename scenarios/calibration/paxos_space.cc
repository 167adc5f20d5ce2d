#include <algorithm>
#include <bit>

#include "scenarios/calibration/specifications.h"

namespace holdfast::scenarios {
namespace {

using explore::Transitions;
using explore::Words;

// A state, with numbers that are 0 for "none" and else one more than what they say.
//
// An acceptor answers a ballot's 1a once, since it answers only if the ballot is above its highest;
// and a ballot has one 2a.  So messages fit into tables.
struct Promise {
  std::uint32_t sent = 0;
  std::uint32_t vote_ballot = 0;
  std::uint32_t vote_value = 0;
};

struct Acceptor {
  std::uint32_t max_ballot = 0;
  std::uint32_t vote_ballot = 0;
  std::uint32_t vote_value = 0;
  std::vector<Promise> promises;     // its 1b, by ballot
  std::vector<std::uint32_t> votes;  // the value of its 2b, by ballot
};

struct State {
  std::vector<std::uint32_t> asked;     // by ballot: whether its 1a was sent
  std::vector<std::uint32_t> proposed;  // by ballot: the value of its 2a
  std::vector<Acceptor> acceptors;
};

// Reads the words of a state, or writes them: `word(w)` is called for each, in one order.
template <typename Word>
void visit(State& state, const Word& word) {
  for (std::uint32_t& each : state.asked)
    word(each);
  for (std::uint32_t& each : state.proposed)
    word(each);
  for (Acceptor& acceptor : state.acceptors) {
    word(acceptor.max_ballot);
    word(acceptor.vote_ballot);
    word(acceptor.vote_value);
    for (Promise& promise : acceptor.promises) {
      word(promise.sent);
      word(promise.vote_ballot);
      word(promise.vote_value);
    }
    for (std::uint32_t& vote : acceptor.votes)
      word(vote);
  }
}

State empty_state(const ConsensusModel& model) {
  Acceptor acceptor;
  acceptor.promises.resize(model.ballots);
  acceptor.votes.resize(model.ballots);
  return {.asked = std::vector<std::uint32_t>(model.ballots),
          .proposed = std::vector<std::uint32_t>(model.ballots),
          .acceptors = std::vector<Acceptor>(model.acceptors, acceptor)};
}

State state_of(Words words, const ConsensusModel& model) {
  State state = empty_state(model);
  std::size_t i = 0;
  visit(state, [&](std::uint32_t& word) { word = words[i++]; });
  return state;
}

std::vector<std::uint32_t> words_of(State state) {
  std::vector<std::uint32_t> words;
  visit(state, [&](const std::uint32_t& word) { words.push_back(word); });
  return words;
}

State renamed(const State& state, const Renaming& renaming) {
  State result = state;
  const auto value = [&](std::uint32_t& word) {
    if (word != 0) word = renaming.values[word - 1] + 1;
  };
  for (std::size_t a = 0; a < state.acceptors.size(); ++a) {
    Acceptor& acceptor = result.acceptors[renaming.acceptors[a]];
    acceptor = state.acceptors[a];
    value(acceptor.vote_value);
    for (Promise& promise : acceptor.promises)
      value(promise.vote_value);
    for (std::uint32_t& vote : acceptor.votes)
      value(vote);
  }
  for (std::uint32_t& each : result.proposed)
    value(each);
  return result;
}

class Actions {
 public:
  Actions(const ConsensusModel& model, const State& now, Transitions& out)
      : model_(model),
        now_(now),
        out_(out) {}

  void all() {
    for (std::uint32_t ballot = 0; ballot < model_.ballots; ++ballot) {
      // Phase1a: whoever leads the ballot asks, as often as it likes.
      add([&](State& next) { next.asked[ballot] = 1; });
      for (std::uint32_t value = 0; value < model_.values; ++value)
        phase_2a(ballot, value);
    }
    for (std::uint32_t a = 0; a < model_.acceptors; ++a)
      for (std::uint32_t ballot = 0; ballot < model_.ballots; ++ballot) {
        phase_1b(a, ballot);
        phase_2b(a, ballot);
      }
  }

 private:
  template <typename Change>
  void add(const Change& change) {
    State next = now_;
    change(next);
    const std::vector<std::uint32_t> words = words_of(std::move(next));
    out_.add(event_, words);
    ++event_;
  }

  void phase_1b(std::uint32_t a, std::uint32_t ballot) {
    const Acceptor& acceptor = now_.acceptors[a];
    if (now_.asked[ballot] == 0 || ballot + 1 <= acceptor.max_ballot) return;
    add([&](State& next) {
      Acceptor& own = next.acceptors[a];
      own.max_ballot = ballot + 1;
      own.promises[ballot] = {
          .sent = 1, .vote_ballot = own.vote_ballot, .vote_value = own.vote_value};
    });
  }

  // One transition for each quorum and each vote that shows the value.
  void phase_2a(std::uint32_t ballot, std::uint32_t value) {
    if (now_.proposed[ballot] != 0) return;
    const auto majority = static_cast<int>(model_.acceptors / 2 + 1);
    for (std::uint32_t quorum = 0; quorum < 1U << model_.acceptors; ++quorum) {
      if (std::popcount(quorum) != majority) continue;
      const std::uint32_t ways = witnesses(quorum, ballot, value);
      for (std::uint32_t i = 0; i < ways; ++i)
        add([&](State& next) { next.proposed[ballot] = value + 1; });
    }
  }

  // How many promises of the quorum show that the value may be proposed; 1 if none says anything of
  // any value, 0 if it may not, or not yet.
  std::uint32_t witnesses(std::uint32_t quorum, std::uint32_t ballot, std::uint32_t value) const {
    std::uint32_t highest = 0;
    std::uint32_t count = 0;
    for (std::uint32_t a = 0; a < model_.acceptors; ++a) {
      if ((quorum >> a & 1) == 0) continue;
      const Promise& promise = now_.acceptors[a].promises[ballot];
      if (promise.sent == 0) return 0;
      if (promise.vote_ballot < highest) continue;
      if (promise.vote_ballot > highest) count = 0;
      highest = promise.vote_ballot;
      if (promise.vote_value == value + 1) ++count;
    }
    return highest == 0 ? 1 : count;
  }

  void phase_2b(std::uint32_t a, std::uint32_t ballot) {
    const std::uint32_t value = now_.proposed[ballot];
    if (value == 0 || ballot + 1 < now_.acceptors[a].max_ballot) return;
    add([&](State& next) {
      Acceptor& own = next.acceptors[a];
      own.max_ballot = ballot + 1;
      own.vote_ballot = ballot + 1;
      own.vote_value = value;
      own.votes[ballot] = value;
    });
  }

  const ConsensusModel& model_;
  const State& now_;
  Transitions& out_;
  explore::EventName event_ = 0;
};

}  // namespace

PaxosSpace::PaxosSpace(const ConsensusModel& model)
    : model_(model),
      renamings_(renamings_of(model)) {}

void PaxosSpace::initial(Transitions& out) {
  out.add(0, words_of(empty_state(model_)));
}

void PaxosSpace::successors(Words state, Transitions& out) {
  Actions(model_, state_of(state, model_), out).all();
}

explore::Fingerprint PaxosSpace::fingerprint(Words state) {
  if (renamings_.size() == 1) return explore::fingerprint_of(state);
  const State now = state_of(state, model_);
  std::vector<explore::Fingerprint> all;
  for (const Renaming& renaming : renamings_)
    all.push_back(explore::fingerprint_of(words_of(renamed(now, renaming))));
  return *std::min_element(all.begin(), all.end());
}

std::string PaxosSpace::violation(Words words) {
  const State state = state_of(words, model_);
  std::uint32_t chosen = 0;
  for (std::uint32_t ballot = 0; ballot < model_.ballots; ++ballot) {
    std::uint32_t votes = 0;
    for (const Acceptor& acceptor : state.acceptors)
      votes += acceptor.votes[ballot] == 0 ? 0 : 1;
    if (votes < model_.acceptors / 2 + 1) continue;
    // A ballot has one value: that of its 2a.
    const std::uint32_t value = state.proposed[ballot];
    if (chosen != 0 && chosen != value) return "two values are chosen";
    chosen = value;
  }
  return "";
}

}  // namespace holdfast::scenarios
