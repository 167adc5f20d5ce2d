#include <algorithm>
#include <numeric>

#include "protocol/env/check.h"

#include "scenarios/calibration/specifications.h"
#include "scenarios/calibration/voting.h"

namespace holdfast::scenarios {
namespace {

using explore::Transitions;
using explore::Words;

// A state is, of each acceptor in turn, its highest ballot + 1 (0: none), and for each ballot the
// value it voted for + 1 (0: none).
std::uint32_t width(const ConsensusModel& model) {
  return model.ballots + 1;
}

std::vector<std::uint32_t> words_of(const Voting& voting, const ConsensusModel& model) {
  std::vector<std::uint32_t> words(model.acceptors * width(model), 0);
  for (std::uint32_t a = 0; a < model.acceptors; ++a) {
    std::uint32_t* const own = &words[a * width(model)];
    if (const auto ballot = voting.max_ballot(a)) own[0] = static_cast<std::uint32_t>(*ballot) + 1;
    for (const auto& [ballot, value] : voting.votes(a))
      own[1 + ballot] = static_cast<std::uint32_t>(value) + 1;
  }
  return words;
}

// By the specification's own actions, in an order it allows: ballot by ballot, first all promises.
Voting voting_of(Words state, const ConsensusModel& model) {
  Voting voting(model.acceptors);
  const auto must = [](const std::optional<std::string>& refusal) {
    HOLDFAST_REQUIRE(!refusal, refusal.value_or(""));
  };
  for (std::uint32_t ballot = 0; ballot < model.ballots; ++ballot) {
    for (std::uint32_t a = 0; a < model.acceptors; ++a)
      if (state[a * width(model)] >= ballot + 1) must(voting.raise(a, ballot));
    for (std::uint32_t a = 0; a < model.acceptors; ++a)
      if (const std::uint32_t vote = state[a * width(model) + 1 + ballot]; vote != 0) {
        must(voting.vote(a, ballot, vote - 1));
      }
  }
  return voting;
}

}  // namespace

std::vector<Renaming> renamings_of(const ConsensusModel& model) {
  Renaming names;
  names.acceptors.resize(model.acceptors);
  names.values.resize(model.values);
  std::iota(names.acceptors.begin(), names.acceptors.end(), 0);
  std::iota(names.values.begin(), names.values.end(), 0);
  std::vector<Renaming> all;
  do {
    do {
      all.push_back(names);
    } while (std::next_permutation(names.values.begin(), names.values.end()));
  } while (std::next_permutation(names.acceptors.begin(), names.acceptors.end()));
  if (!model.symmetric) all.resize(1);
  return all;
}

VotingSpace::VotingSpace(const ConsensusModel& model)
    : model_(model),
      renamings_(renamings_of(model)) {}

void VotingSpace::initial(Transitions& out) {
  out.add(0, words_of(Voting(model_.acceptors), model_));
}

void VotingSpace::successors(Words state, Transitions& out) {
  const Voting now = voting_of(state, model_);
  explore::EventName event = 0;
  // In how many ways it is allowed, which TLC counts one by one.
  const auto attempt = [&](std::size_t ways, const auto& action) {
    Voting next = now;
    if (!action(next)) {
      for (std::size_t i = 0; i < ways; ++i)
        out.add(event, words_of(next, model_));
    }
    ++event;
  };
  for (std::uint32_t a = 0; a < model_.acceptors; ++a)
    for (std::uint32_t ballot = 0; ballot < model_.ballots; ++ballot) {
      attempt(1, [&](Voting& next) { return next.raise(a, ballot); });
      for (std::uint32_t value = 0; value < model_.values; ++value)
        attempt(now.ways_to_show(ballot, value),
                [&](Voting& next) { return next.vote(a, ballot, value); });
    }
}

explore::Fingerprint VotingSpace::fingerprint(Words state) {
  explore::Fingerprint least;
  std::vector<std::uint32_t> renamed(state.size());
  for (const Renaming& renaming : renamings_) {
    for (std::uint32_t a = 0; a < model_.acceptors; ++a) {
      const std::uint32_t from = a * width(model_);
      const std::uint32_t to = renaming.acceptors[a] * width(model_);
      renamed[to] = state[from];
      for (std::uint32_t i = 1; i < width(model_); ++i)
        renamed[to + i] = state[from + i] == 0 ? 0 : renaming.values[state[from + i] - 1] + 1;
    }
    const explore::Fingerprint one = explore::fingerprint_of(renamed);
    if (&renaming == &renamings_.front() || one < least) least = one;
  }
  return least;
}

std::string VotingSpace::violation(Words state) {
  return voting_of(state, model_).chosen().size() > 1 ? "two values are chosen" : "";
}

}  // namespace holdfast::scenarios
