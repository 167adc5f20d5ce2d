#include "properties/voting.h"

#include <algorithm>
#include <bit>
#include <memory>

#include <fmt/format.h>

namespace holdfast::properties {
namespace {

template <typename Visit>
void for_each_tally(const ChosenSlot& slot, Visit visit) {
  if (slot.first.voters != 0) visit(slot.first);
  std::ranges::for_each(slot.more, visit);
}

bool holds_vote_of(const Tally& tally, const Voter& life) {
  if ((tally.voters >> life.index & 1) == 0) return false;
  // Where lives are not listed all are first ones.
  if (tally.lives.empty()) return life.incarnation == Incarnation{} && life.disks_lost == 0;
  return std::ranges::any_of(tally.lives,
                             [&](const Voter& voter) { return voter.is_life_of(life); });
}

}  // namespace

Voting::Voting(const Bench& bench)
    : Judge(kVoting,
            {EventKind::kPromised,
             EventKind::kAccepted,
             EventKind::kRestored,
             EventKind::kRestoredAction,
             EventKind::kStatus,
             EventKind::kVouched},
            bench),
      acceptors_(bench.facts.members().ids.size()) {}

void Voting::on_event(const Event& e) {
  const auto member = facts().member(e.node);
  if (!member) return;
  Acceptor& acceptor = acceptors_[*member];
  switch (e.kind) {
    case EventKind::kAccepted:
      accepted(e, *member);
      return;
    case EventKind::kPromised:
      if (e.word(0) != kNoPosition) {
        promise(*member, {e.word(0)}, {e.word(1)});
      } else {
        acceptor.promised = std::max(acceptor.promised, Ballot{e.word(1)});
      }
      return;
    case EventKind::kRestored:
      acceptor.promised = Restoration::of(e).promised;
      return;
    case EventKind::kRestoredAction:
      promise(*member, {e.word(0)}, {std::max(e.word(1), e.word(2))});
      return;
    case EventKind::kVouched:
      vouched(*member, e);
      return;
    case EventKind::kStatus:
      acceptor.promised = std::max(acceptor.promised, Ballot{e.word(2)});
      adopted(*member);
      if (static_cast<Status>(e.word(0)) == Status::kVoting) started_to_vote(e);
      return;
    default:
      HOLDFAST_UNREACHABLE("event kind");
  }
}

void Voting::on_wipe(NodeId node) {
  if (const auto member = facts().member(node)) acceptors_[*member] = {};
}

void Voting::forget_below(Position p) {
  spots_.drop_below(p);
}

void Voting::promise(std::size_t member, Position p, Ballot ballot) {
  if (p < facts().chosen().forgotten()) return;
  std::vector<Promise>& spot = spots_.at(p);
  spot.resize(acceptors_.size());
  const std::uint64_t disks_lost = replica(member).disks_lost;
  Promise& mine = spot[member];
  if (mine.disks_lost == disks_lost && mine.ballot >= ballot) return;
  mine = {.ballot = ballot, .disks_lost = disks_lost};
}

// Of a position of which it has said nothing it has promised what it promised of all.
Ballot Voting::promised(std::size_t member, Position p) const {
  const std::vector<Promise>* spot = spots_.find(p);
  if (spot == nullptr || spot->empty()) return acceptors_[member].promised;
  const Promise& mine = (*spot)[member];
  const bool said = mine.ballot != Ballot{} && mine.disks_lost == replica(member).disks_lost;
  return said ? mine.ballot : acceptors_[member].promised;
}

void Voting::vouched(std::size_t member, const Event& e) {
  const auto of = facts().member({static_cast<std::uint8_t>(e.word(0))});
  if (of) store(member, *of, {static_cast<std::uint16_t>(e.word(1))});
}

// What it knows when its status is on the disk is there as well: it took it over from those it
// asked.
void Voting::adopted(std::size_t member) {
  const auto& known = replica(member).known;
  if (known == nullptr) return;
  for (std::size_t of = 0; of < known->size(); ++of)
    store(member, of, (*known)[of]);
}

void Voting::store(std::size_t member, std::size_t of, Incarnation incarnation) {
  std::vector<Incarnation>& known = acceptors_[member].known;
  known.resize(acceptors_.size());
  known[of] = std::max(known[of], incarnation);
}

// What is safe stays so: only the first vote for a value at a ballot has to be looked at.
void Voting::accepted(const Event& e, std::size_t member) {
  const Vote vote = Vote::of(e);
  const ChosenSlot* slot = facts().chosen().find(vote.position);
  const Tally* tally = facts().chosen().votes(vote.position, vote.ballot, vote.value.digest);
  if (slot == nullptr || tally == nullptr) return;
  promise(member, vote.position, vote.ballot);
  if (std::has_single_bit(tally->voters)) check(e, vote.position, *slot, *tally);
}

void Voting::started_to_vote(const Event& e) {
  spots_.for_each([&](Position p, const std::vector<Promise>&) {
    const ChosenSlot* slot = facts().chosen().find(p);
    if (slot == nullptr || slot->decided) return;
    for_each_tally(*slot, [&](const Tally& tally) { check(e, p, *slot, tally); });
  });
}

void Voting::check(const Event& e, Position p, const ChosenSlot& slot, const Tally& vote) {
  // What is chosen may be voted for whenever it is asked for.
  if (slot.decided && (!slot.named || slot.value.digest == vote.value.digest)) return;
  const Ballot below{vote.ballot.value - 1};
  bool voted_below = false;
  for_each_tally(slot, [&](const Tally& other) {
    voted_below = voted_below || other.ballot == below;
    if (other.ballot >= vote.ballot || other.value.digest == vote.value.digest) return;
    if (!can_be_chosen(p, slot, other.ballot, &other)) return;
    violated(e,
             fmt::format("position {}: {} is voted for at ballot {}, while {} was, or could still "
                         "be, chosen at ballot {}",
                         p.value,
                         show(vote.value),
                         show(vote.ballot),
                         show(other.value),
                         show(other.ballot)));
  });
  // Ballots in which nobody voted are alike: if nothing can be chosen in the highest, it cannot in
  // any.
  if (voted_below || !can_be_chosen(p, slot, below, nullptr)) return;
  violated(e,
           fmt::format("position {}: {} is voted for at ballot {}, while {} members may still vote "
                       "for anything at lower ballots",
                       p.value,
                       show(vote.value),
                       show(vote.ballot),
                       facts().members().quorum));
}

// A quorum of those who voted so, and of those who still can.
bool Voting::can_be_chosen(Position p,
                           const ChosenSlot& slot,
                           Ballot ballot,
                           const Tally* votes) const {
  Tally possible = votes != nullptr ? *votes : Tally{.ballot = ballot, .value = {}};
  for (std::size_t i = 0; i < acceptors_.size(); ++i)
    if (can_vote(i, p, slot, ballot)) possible.add(present_life(i));
  return facts().chosen().decides(possible);
}

bool Voting::can_vote(std::size_t member, Position p, const ChosenSlot& slot, Ballot ballot) const {
  if (replica(member).status != Status::kVoting || promised(member, p) > ballot) return false;
  const Voter life = present_life(member);
  bool voted = false;
  for_each_tally(slot, [&](const Tally& tally) {
    voted = voted || (tally.ballot == ballot && holds_vote_of(tally, life));
  });
  return !voted;
}

// As it would vote if it began anew: what it knows is what its disk holds.
Voter Voting::present_life(std::size_t member) const {
  const ReplicaView& view = replica(member);
  const std::vector<Incarnation>& known = acceptors_[member].known;
  return {
      .index = member,
      .incarnation = view.incarnation,
      .known = known.empty() ? nullptr : std::make_shared<const std::vector<Incarnation>>(known),
      .disks_lost = view.disks_lost};
}

}  // namespace holdfast::properties
