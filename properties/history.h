#pragma once

#include <optional>
#include <vector>

#include "properties/flat_map.h"
#include "properties/judge.h"
#include "properties/position_window.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kHistory{
    .name = "history",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .statement =
        "what clients saw fits one log: one value per position, appended by somebody, in "
        "real-time order; what was acknowledged or read is in every later read that covers "
        "it, unless a truncate that covers it was called",
    .reference = "docs/PROTOCOL.md 8; Herlihy and Wing, Linearizability",
};

// Sees client events only: what a user of the real system could check.  Nothing that replicas or
// proposers say goes into its judgement, but that a position was there before the run.
class History : public Judge {
 public:
  explicit History(const Bench& bench);

  void on_event(const Event& e) override;
  void on_crash(NodeId node) override;
  void forget_below(Position p) override;

 private:
  enum class Known : std::uint8_t {
    kNothing,
    kAppend,  // this append is here
    kOther,   // no append is here: a truncate is, or a read passed over it
  };

  struct Slot {
    Known known = Known::kNothing;
    // The operation acknowledged here; 0 when it is known from reads only.
    std::uint64_t op = 0;
    std::uint64_t digest = 0;
    // The event that showed it.
    std::uint64_t seq = 0;
  };

  struct Op {
    std::uint64_t digest = 0;
    // The highest position acknowledged when it was called; of several appends with one key, when
    // the first was.
    std::optional<Position> floor;
    bool keyed = false;
  };

  struct Appended {
    std::uint32_t calls = 0;
    std::uint32_t failed = 0;
    std::uint32_t places = 0;
    // Of the first call.
    std::optional<Position> floor;
  };

  struct Entry {
    Position position;
    std::uint64_t digest = 0;
  };

  struct Read {
    std::uint64_t op = 0;
    NodeId node;
    std::vector<Entry> entries;
  };

  void append_called(const Event& e);
  void append_returned(const Event& e);
  void truncate_returned(const Event& e);
  // Of elections and barriers.
  void end_returned(const Event& e);
  void read_entry(const Event& e);
  void read_returned(const Event& e);
  void check_read(const Event& e, const Read& read, Position from, Position to);
  std::optional<Op> take(std::uint64_t op);
  void check_floor(const Event& e, const OpResult& result, const Op& op);
  // The append with this digest is at `p`; returns the slot to note who was acknowledged.
  Slot& place(const Event& e, Position p, std::uint64_t digest);
  // No append is in [first, last].
  void pass_over(const Event& e, Position first, Position last);
  void no_append(const Event& e, Position p);

  std::optional<Position> acknowledged_;
  // The furthest that any client asked to truncate.
  Position truncate_called_;
  FlatMap<Op> ops_;
  FlatMap<Appended> appended_;  // by digest
  PositionWindow<Slot> slots_;
  std::vector<Read> reads_;
};

}  // namespace holdfast::properties
