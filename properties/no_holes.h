#pragma once

#include <vector>

#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kNoHoles{
    .name = "no_holes",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .statement =
        "a successful read of [from, to] returned exactly the chosen appends of the range, "
        "in order, from a replica that has learned all of it and truncated none; a call that says "
        "how far a read may go has learned all up to there",
    .reference = "docs/PROTOCOL.md 8, I17",
};

class NoHoles : public Judge {
 public:
  explicit NoHoles(const Bench& bench);

  void on_event(const Event& e) override;
  void on_crash(NodeId node) override;

 private:
  struct Entry {
    Position position;
    std::uint64_t digest = 0;
  };

  struct Read {
    std::uint64_t op = 0;
    NodeId node;
    Interval range;
    // Of the replica when the read was called.
    Position begin;
    std::vector<Entry> entries;
  };

  void called(const Event& e);
  void entry(const Event& e);
  void returned(const Event& e);
  // Everything up to there was said to be readable.
  void promised(const Event& e);
  void check(const Event& e, const Read& read);
  void check_entries(const Event& e, const Read& read);
  void check_replica(const Event& e, const Read& read);
  // Whether [from, to) of the read holds no chosen append and nothing unchosen.
  void check_gap(const Event& e, const Read& read, Interval gap);
  void check_entry(const Event& e, const Read& read, const Entry& entry);

  std::vector<Read> reads_;
};

}  // namespace holdfast::properties
