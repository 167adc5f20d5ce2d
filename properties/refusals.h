#pragma once

#include <optional>
#include <string>

#include "properties/flat_map.h"
#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kRefusals{
    .name = "refusals",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .statement =
        "a read is refused for a documented reason only, and for one that holds at its replica",
    .reference = "docs/API.md, Errors",
};

class Refusals : public Judge {
 public:
  explicit Refusals(const Bench& bench);

  void on_event(const Event& e) override;

 private:
  // Under way.
  struct Call {
    EventKind called{};
    Interval range;
    bool reason_given = false;
  };

  void refused(const Event& e);
  void returned(const Event& e);
  // What is wrong with the reason; nothing if it holds.
  std::string objection(const Event& e, const Call& call) const;
  std::string objection_to_read(const Event& e, const Call& call) const;

  FlatMap<Call> calls_;  // by op
};

}  // namespace holdfast::properties
