#pragma once

#include <optional>

#include "properties/flat_map.h"
#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kOncePerKey{
    .name = "once_per_key",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .statement =
        "entries with one idempotency key are chosen at one position only, and every append with "
        "that key is told this position, unless the first was truncated or lies more than "
        "key_positions below",
    .reference = "docs/PROTOCOL.md 8.2",
};

class OncePerKey : public Judge {
 public:
  explicit OncePerKey(const Bench& bench);

  void on_event(const Event& e) override;
  void on_chosen(const Event& e, const Decision& decision) override;

 private:
  // A key, by its hash; 0 is none.
  using Key = std::uint64_t;

  void place(const Event& e, Key key, Position p);

  FlatMap<Key> keys_;                        // by digest
  FlatMap<Key> pending_;                     // by op
  FlatMap<std::optional<Position>> places_;  // by key: the highest position seen
};

}  // namespace holdfast::properties
