#include "scenarios/calibration/voting.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "protocol/env/check.h"

namespace holdfast::scenarios {
namespace {

constexpr std::size_t kAcceptorsMax = 16;

}  // namespace

Voting::Voting(std::size_t acceptors) : acceptors_(acceptors) {
  HOLDFAST_REQUIRE(acceptors >= 1 && acceptors <= kAcceptorsMax, acceptors);
  const auto majority = static_cast<int>(acceptors / 2 + 1);
  for (Quorum quorum = 0; quorum < Quorum{1} << acceptors; ++quorum)
    if (std::popcount(quorum) == majority) quorums_.push_back(quorum);
}

std::optional<std::string> Voting::raise(Acceptor acceptor, Ballot ballot) {
  State& state = acceptors_.at(acceptor);
  if (state.max_ballot && ballot <= *state.max_ballot) {
    return fmt::format("ballot {} is not above {}", ballot, *state.max_ballot);
  }
  state.max_ballot = ballot;
  return std::nullopt;
}

std::optional<std::string> Voting::vote(Acceptor acceptor, Ballot ballot, Value value) {
  State& state = acceptors_.at(acceptor);
  if (state.max_ballot && *state.max_ballot > ballot) {
    return fmt::format("it will not vote below ballot {}", *state.max_ballot);
  }
  if (state.votes.contains(ballot)) return "it has voted in that ballot";
  for (Acceptor other = 0; other < acceptors_.size(); ++other) {
    const auto theirs = acceptors_[other].votes.find(ballot);
    if (theirs != acceptors_[other].votes.end() && theirs->second != value) {
      return fmt::format("acceptor {} has voted for another value in that ballot", other);
    }
  }
  if (ways_to_show(ballot, value) == 0) {
    return "no quorum shows that no other value can have been chosen in a lower ballot";
  }
  state.votes.emplace(ballot, value);
  state.max_ballot = ballot;
  return std::nullopt;
}

std::size_t Voting::ways_to_show(Ballot ballot, Value value) const {
  std::size_t ways = 0;
  for (const Quorum quorum : quorums_)
    ways += witnesses(quorum, ballot, value);
  return ways;
}

std::optional<Voting::Ballot> Voting::max_ballot(Acceptor acceptor) const {
  return acceptors_.at(acceptor).max_ballot;
}

const std::map<Voting::Ballot, Voting::Value>& Voting::votes(Acceptor acceptor) const {
  return acceptors_.at(acceptor).votes;
}

std::vector<Voting::Value> Voting::chosen() const {
  std::map<std::pair<Ballot, Value>, Quorum> voters;
  for (Acceptor acceptor = 0; acceptor < acceptors_.size(); ++acceptor)
    for (const auto& vote : acceptors_[acceptor].votes)
      voters[vote] |= Quorum{1} << acceptor;
  std::vector<Value> values;
  for (const auto& [vote, who] : voters)
    for (const Quorum quorum : quorums_)
      if ((who & quorum) == quorum) values.push_back(vote.second);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// With c the highest ballot below in which one of them has voted: how many of them voted for the
// value in c, or 1 if there is no c.  All have promised to vote below no more, so this stays so.
std::size_t Voting::witnesses(Quorum quorum, Ballot ballot, Value value) const {
  std::optional<Ballot> highest;
  std::size_t count = 1;
  for (Acceptor acceptor = 0; acceptor < acceptors_.size(); ++acceptor) {
    if ((quorum >> acceptor & 1) == 0) continue;
    const State& state = acceptors_[acceptor];
    if (!state.max_ballot || *state.max_ballot < ballot) return 0;
    const auto above = state.votes.lower_bound(ballot);
    if (above == state.votes.begin()) continue;
    const auto& [voted_in, voted_for] = *std::prev(above);
    if (highest && voted_in < *highest) continue;
    if (highest != voted_in) count = 0;
    highest = voted_in;
    if (voted_for == value) ++count;
  }
  return count;
}

}  // namespace holdfast::scenarios
