#pragma once

#include <optional>

#include "properties/flat_map.h"
#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kExactlyOnce{
    .name = "exactly_once",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .beyond = Beyond::kHolds,
    .statement =
        "the value of an append is chosen at no more positions than it was appended times; "
        "one that failed is chosen nowhere",
    .reference = "docs/PROTOCOL.md 8, I12",
};

// A client may append the same value under the same key again (a retry after an unknown outcome);
// each such call may be chosen once.
class ExactlyOnce : public Judge {
 public:
  explicit ExactlyOnce(const Bench& bench);

  void on_event(const Event& e) override;
  void on_chosen(const Event& e, const Decision& decision) override;

 private:
  struct Appended {
    std::uint32_t calls = 0;
    std::uint32_t failed = 0;
    std::uint32_t chosen = 0;
    Position first;
    Position latest;
  };

  void check(const Event& e, std::uint64_t digest, const Appended& appended);

  FlatMap<std::uint64_t> pending_;  // op -> digest
  FlatMap<Appended> appended_;      // by digest
};

}  // namespace holdfast::properties
