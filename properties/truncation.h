#pragma once

#include <array>

#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kTruncation{
    .name = "truncation",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .statement =
        "begin moves only forward, across crashes too, and only as far as a chosen "
        "TRUNCATE; a TRUNCATE reaches no further than what is chosen below it; no node "
        "votes for, or learns, what it has truncated",
    .reference = "docs/PROTOCOL.md 9.3, I5, I6, I16",
};

class Truncation : public Judge {
 public:
  explicit Truncation(const Bench& bench);

  void on_event(const Event& e) override;
  void on_chosen(const Event& e, const Decision& decision) override;
  void on_wipe(NodeId node) override;

 private:
  // What a node said of its log's start since its disk was new.
  struct Said {
    Position begin;
    std::int64_t time_ns = 0;
  };

  void moved(const Event& e, Position begin, std::uint64_t begin_at);
  void restored(const Event& e);
  void check_maker(const Event& e, Position begin, std::uint64_t begin_at);
  void check_kept(const Event& e, Position p, ValueName value);

  std::array<Said, 256> said_{};
  // The highest begin of a directory that existed before the run.
  Position inherited_;
};

}  // namespace holdfast::properties
