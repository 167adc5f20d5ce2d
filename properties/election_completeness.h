#pragma once

#include <array>
#include <optional>

#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kElectionCompleteness{
    .name = "election_completeness",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .statement =
        "an elected coordinator knows everything that was acknowledged before its elect() "
        "was called, has learned all of it, and writes only above it",
    .reference = "docs/PROTOCOL.md 9.5, I14",
};

// Compares with what was acknowledged when elect() began, not when it ended: a deposed coordinator
// may still acknowledge what its quorum accepted before the election reached it.
class ElectionCompleteness : public Judge {
 public:
  explicit ElectionCompleteness(const Bench& bench);

  void on_event(const Event& e) override;
  void on_crash(NodeId node) override;

 private:
  struct Election {
    Ballot ballot;
    // The highest position acknowledged when elect() was called.
    std::optional<Position> floor;
  };

  struct Tenure {
    Ballot ballot;
    // The last position the fill covered.
    std::optional<Position> end;
  };

  void acknowledged(const OpResult& result);
  void elected(const Event& e);
  void check_learned(const Event& e, Position last);
  void proposed(const Event& e);

  std::optional<Position> acknowledged_;
  std::array<std::optional<Election>, 256> elections_;
  std::array<std::optional<Tenure>, 256> tenures_;
};

}  // namespace holdfast::properties
