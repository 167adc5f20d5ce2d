#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kSteady{
    .name = "steady",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .failure = FailureClass::kLiveness,
    .statement =
        "coordinators change no more often, and are missed no longer, than the scenario allows",
    .reference = "docs/PROTOCOL.md 12",
};

// What a scenario allows until a core is healed.
struct SteadyLimits {
  // 0: any number.
  std::uint64_t elections_max = 0;
  // The longest time without an elected coordinator whose member is up; 0: any.
  std::int64_t leaderless_ns_max = 0;
};

// Judges who coordinates, and when, not what: elections may churn without breaking any other
// promise.  Without limits it objects to nothing.
class Steady : public Judge {
 public:
  explicit Steady(const Bench& bench);

  void allow(const SteadyLimits& limits) { limits_ = limits; }

  std::uint64_t elections() const { return elections_; }

  void on_event(const Event& e) override;
  void on_crash(NodeId node) override;
  void on_heal(std::span<const NodeId> core) override;
  void finish() override;

 private:
  void elected(const Event& e);
  void lost(NodeId node);
  void check_absence(NodeId node, std::int64_t until_ns);

  SteadyLimits limits_;
  std::uint64_t elections_ = 0;
  std::array<bool, 256> coordinates_{};
  std::size_t coordinators_ = 0;
  // Since when nobody coordinates.
  std::int64_t since_ns_ = 0;
  bool healed_ = false;
};

}  // namespace holdfast::properties
