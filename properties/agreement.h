#pragma once

#include "protocol/interval_set.h"

#include "properties/judge.h"
#include "properties/position_window.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kAgreement{
    .name = "agreement",
    .modality = Modality::kAlways,
    .order = Order::kPerNode,
    .statement =
        "at most one value is chosen or learned at a position; a tombstone stands for any "
        "value, but only below a chosen TRUNCATE",
    .reference = "docs/PROTOCOL.md 9.1, I9; Paxos Made Simple 2.1 (P2)",
};

// Whatever the order in which nodes' events arrive: tombstones are judged at the end.  That one is
// early is seen at once by learned_is_chosen.
class Agreement : public Judge {
 public:
  explicit Agreement(const Bench& bench);

  void on_event(const Event& e) override;
  void on_chosen(const Event& e, const Decision& decision) override;
  void forget_below(Position p) override;
  void finish() override;

 private:
  struct Agreed {
    bool known = false;
    NodeId by;
    ValueName value;
    std::uint64_t seq = 0;
  };

  void agree(const Event& e, Position p, ValueName value);
  void tombstone(const Event& e, Position p);

  PositionWindow<Agreed> agreed_;
  // The highest tombstone seen, and who said so: if it is covered by a TRUNCATE, so are all.
  std::optional<Position> tombstone_;
  NodeId tombstone_by_;
};

}  // namespace holdfast::properties
