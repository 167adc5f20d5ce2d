#pragma once

#include <bitset>

#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kNoAbort{
    .name = "no_abort",
    .modality = Modality::kAlways,
    .order = Order::kPerNode,
    .failure = FailureClass::kCrash,
    .statement = "a node whose storage never failed does not stop by itself",
    .reference = "docs/PROTOCOL.md 9.6 (D12), I8",
};

class NoAbort : public Judge {
 public:
  explicit NoAbort(const Bench& bench);

  void on_event(const Event& e) override;
  void on_storage_fault(NodeId node) override;

 private:
  // A damaged disk may stop its node at any later time, in any later life.
  std::bitset<256> excused_;
};

}  // namespace holdfast::properties
