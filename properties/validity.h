#pragma once

#include "properties/flat_map.h"
#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kValidity{
    .name = "validity",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .beyond = Beyond::kHolds,
    .statement =
        "what is proposed, chosen or learned was asked for by a client before, bit by bit, "
        "or is a NOP; a tombstone is never proposed",
    .reference = "Paxos Made Simple 2.1 (only a value that has been proposed may be chosen)",
};

class Validity : public Judge {
 public:
  explicit Validity(const Bench& bench);

  void on_event(const Event& e) override;
  void on_chosen(const Event& e, const Decision& decision) override;

 private:
  void check(const Event& e, Position p, ValueName value);
  void check_learned(const Event& e);
  bool asked(ValueName value);

  // By digest; appends and truncates never share one, whatever their bytes.
  FlatMap<ValueType> asked_;
};

}  // namespace holdfast::properties
