#pragma once

#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kLearnedIsChosen{
    .name = "learned_is_chosen",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .beyond = Beyond::kHolds,
    .statement =
        "a value that is learned, or said to be chosen, was accepted by a quorum at one "
        "ballot; a tombstone lies below a chosen TRUNCATE",
    .reference = "Paxos Made Simple 2.2 (a value is chosen when a quorum accepts one proposal)",
};

class LearnedIsChosen : public Judge {
 public:
  explicit LearnedIsChosen(const Bench& bench);

  void on_event(const Event& e) override;

 private:
  void learned(const Event& e, const Learning& learning);
  void said_chosen(const Event& e, const Vote& chosen);
  void restored(const Event& e, Position first, Position last);
  std::string votes_at(Position p) const;
};

}  // namespace holdfast::properties
