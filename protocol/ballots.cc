#include "protocol/ballots.h"

#include <algorithm>

namespace holdfast {

Ballot Ballots::next() {
  const Metadata& metadata = replica_.image().metadata();
  if (round_ == 0) round_ = metadata.rounds_reserved;
  round_ = std::max(round_, metadata.promised.round()) + 1;
  HOLDFAST_CHECK(round_ <= Ballot::kRoundMax, round_);
  const std::uint64_t mine = round_;
  replica_.reserve_rounds(mine);
  return Ballot::of(mine, metadata.incarnation.value, options_.self);
}

void Ballots::observe(Ballot ballot) {
  // Before the first ballot of this life the reserved rounds still have to be skipped.
  if (round_ == 0) round_ = replica_.image().metadata().rounds_reserved;
  round_ = std::max(round_, ballot.round());
}

}  // namespace holdfast
