#pragma once

#include <array>
#include <optional>

#include "properties/flat_map.h"
#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kRealTimeOrder{
    .name = "real_time_order",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .statement =
        "an append that begins after another was acknowledged lands above it; a node's "
        "appends land in the order of the calls; nothing is acknowledged above a position "
        "that is not chosen",
    .reference = "docs/PROTOCOL.md 8, I15; Herlihy and Wing, Linearizability",
};

class RealTimeOrder : public Judge {
 public:
  explicit RealTimeOrder(const Bench& bench);

  void on_event(const Event& e) override;
  void on_chosen(const Event& e, const Decision& decision) override;

 private:
  // A call under way, or one whose value may yet be chosen.
  struct Call {
    // The highest position acknowledged when it began; none below all.
    std::optional<Position> floor;
    // Counts the calls of the node.
    std::uint64_t number = 0;
    // An append under a key that was appended before.
    bool again = false;
  };

  // The acknowledged call of a node that landed highest.
  struct Latest {
    std::uint64_t number = 0;
    Position position;
  };

  void called(const Event& e);
  void returned(const Event& e);
  void check_node_order(const Event& e, const Call& call, Position p);

  std::optional<Position> acknowledged_;
  FlatMap<Call> calls_;                              // by op
  FlatMap<std::optional<Position>> floors_;          // by digest: the floor of the first call
  std::array<std::uint64_t, 256> numbers_{};         // by node
  std::array<std::optional<Latest>, 256> latest_{};  // by node
};

}  // namespace holdfast::properties
