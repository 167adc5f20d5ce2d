#pragma once

#include "properties/flat_map.h"
#include "properties/judge.h"
#include "properties/position_window.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kDurability{
    .name = "durability",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .statement =
        "what a client was told is in the log is chosen at that position by then, no node "
        "ever learns anything else there, and a copy is left at the end",
    .reference = "docs/PROTOCOL.md 9.4, I13",
};

class Durability : public Judge {
 public:
  explicit Durability(const Bench& bench);

  void on_event(const Event& e) override;
  void on_chosen(const Event& e, const Decision& decision) override;
  void forget_below(Position p) override;
  void finish() override;

 private:
  struct Acknowledged {
    bool known = false;
    std::uint64_t op = 0;
    std::uint64_t digest = 0;
    std::uint64_t seq = 0;
  };

  void acknowledged(const Event& e);
  void compare(const Event& e, Position p, ValueName value);
  bool survives(Position p, const Acknowledged& ack) const;

  FlatMap<std::uint64_t> called_;  // op -> digest
  PositionWindow<Acknowledged> acks_;
};

}  // namespace holdfast::properties
