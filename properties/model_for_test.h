#pragma once

// A tiny reference model of the log: members that vote, learn, crash, lose disks and truncate by
// the rules, one operation at a time.  It writes what happens on a tape, which can be played to a
// panel as it is, or with one event spoiled.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "protocol/action.h"

#include "properties/panel.h"

namespace holdfast::properties {

// One event, or something the world did.
struct TapeItem {
  enum class What : std::uint8_t { kEvent, kBoot, kCrash, kWipe };

  What what = What::kEvent;
  std::uint8_t node = 0;
  EventKind kind{};
  std::vector<std::uint64_t> words;
};

using Tape = std::vector<TapeItem>;

// Plays the tape to the end of the run.
void play(const Tape& tape, Panel& panel);

class Model {
 public:
  // The log begins at `start` in every directory.
  Model(std::size_t members, std::uint64_t start);

  // Does one thing; which and how is drawn from `decision` alone.
  void step(std::uint64_t decision);

  const Tape& tape() const { return tape_; }

  Members members() const;

 private:
  struct Record {
    Ballot promised;
    Ballot performed;
    std::optional<Value> value;
    bool learned_on_disk = false;
  };

  struct Node {
    bool up = false;
    bool wiped = false;
    Ballot promised;
    std::uint64_t begin = 0;
    std::uint64_t begin_at = kNoPosition;
    std::map<std::uint64_t, Record> records;
    std::map<std::uint64_t, Value> learned;
  };

  struct Draw {
    std::uint64_t seed = 0;
    std::uint64_t counter = 0;

    std::uint64_t below(std::uint64_t bound);
  };

  using Ids = std::vector<std::uint8_t>;

  void emit(std::uint8_t node, EventKind kind, std::vector<std::uint64_t> words);
  void emit_vote(std::uint8_t node, EventKind kind, std::uint64_t p, Ballot b, const Value& v);
  Ids up() const;
  // `count` or more of the members that are up, always with `with`.
  Ids some(std::uint8_t with, std::size_t count, Draw& draw) const;
  Ballot fresh(std::uint8_t node);

  void append(Draw& draw);
  void truncate(Draw& draw);
  void elect(Draw& draw);
  void read(Draw& draw);
  void crash(Draw& draw);
  void restart(Draw& draw);
  void wipe(Draw& draw);
  void catch_up(Draw& draw);
  void barrier(Draw& draw);
  void append_again(Draw& draw);

  void accept(std::uint8_t node, std::uint64_t p, Ballot b, const Value& v);
  void learn(std::uint8_t node, std::uint64_t p, const Value& v);
  void move_begin(std::uint8_t node, std::uint64_t begin, std::uint64_t at);
  void adopt_begin(std::uint8_t node, const Ids& from);
  void learn_from(std::uint8_t node, std::uint8_t other);
  void fill(std::uint8_t node, std::uint64_t p, const Ids& quorum);
  std::uint64_t frontier(std::uint8_t node) const;

  void depose() { coordinator_ = 0; }

  std::size_t quorum_ = 0;
  std::vector<Node> nodes_;  // by id; 0 unused
  Tape tape_;
  std::uint8_t coordinator_ = 0;
  Ballot ballot_;
  std::uint64_t next_ = 0;
  std::uint64_t round_ = 0;
  std::uint64_t op_ = 0;
  // Appends that were acknowledged, by position.
  std::map<std::uint64_t, Value> acknowledged_;
  std::uint64_t wipes_ = 0;
};

}  // namespace holdfast::properties
