#pragma once

// The application on one node, for one life of the node: does what the operations say and records
// what it asked for and what it was told (the kinds k...Called and k...Returned).

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "protocol/env/process.h"

#include "protocol/node.h"

#include "scenarios/operations.h"

namespace holdfast::scenarios {

// Numbers the operations of a run; each number is used once, by whichever node.
class OperationIds {
 public:
  std::uint64_t next() { return ++last_; }

  std::uint64_t last() const { return last_; }

 private:
  std::uint64_t last_ = 0;
};

// What the clients of a run know together, wherever they are: one that lost its member goes on with
// another.
class Notebook {
 public:
  // An append that somebody may want to do again.
  struct Attempt {
    IdempotencyKey key;
    Payload bytes;
    // The outcome of its last call; kUnknown as long as there is none.
    Outcome outcome = Outcome::kUnknown;
  };

  OperationIds& ids() { return ids_; }

  // An append is called, or has returned.
  void note(const IdempotencyKey& key, const Payload& bytes, Outcome outcome);
  void acknowledged(Position p);

  // One of the latest appends, mostly one whose outcome nobody knows; none if there are none.
  std::optional<Attempt> pick(std::uint64_t draw) const;

  // The highest position that any client was told.
  std::optional<Position> last_acknowledged() const { return last_acknowledged_; }

 private:
  static constexpr std::size_t kAttemptsMax = 64;

  OperationIds ids_;
  // The oldest first.
  std::deque<Attempt> attempts_;
  std::optional<Position> last_acknowledged_;
};

class Application {
 public:
  struct Settings {
    // Bytes of an entry are drawn in [1, entry_bytes_max].
    std::size_t entry_bytes_max = 1024;
    // How long a catch-up may take.
    Duration patience = Duration::seconds(5);
    // Goes on with its writer after a write failed, until it is told that it is not elected.
    bool careless = false;
  };

  // All of them outlive it.  The node calls nothing of it after the node is gone.
  Application(Node& node, Ports ports, Notebook& notebook, const Settings& settings);

  // Within a step of the node: begins an operation, on fibers of its own.
  void perform(const Operation& operation);

  // Within a step: begins to catch up and to read all of it, as OperationKind::kCatchUp does, and
  // calls `done` afterwards, whatever came of it.
  void catch_up_then(std::function<void()> done);

  // Within a step: begins an append of exactly so many bytes, for load that is the same every time.
  void append_sized(std::size_t bytes);

  // Fibers that operations have begun and that have not ended.
  std::size_t running() const { return running_; }

  // For whoever writes an application of its own on this node (scenarios/script).
  Node& node() { return node_; }

  Tracer& tracer() { return ports_.tracer; }

  // Within a step: elects this node, or waits until it is elected where members elect by
  // themselves, with back-off, however long it takes, and then appends once; starts over when that
  // fails.  `done` is called when an append was acknowledged.
  void persist_until_appended(std::function<void(std::uint64_t op)> done);

 private:
  void spawn(std::function<void()> body);
  bool elect();
  bool get_writer();
  void append_burst(std::uint32_t count);
  WriteResult append_one();
  WriteResult append_entry(std::uint64_t op, Payload bytes);
  WriteResult append_keyed(std::uint64_t op, IdempotencyKey key, Payload bytes);
  void retry(std::uint32_t count);
  void truncate(std::uint32_t keep);
  void read_last(std::uint32_t count);
  std::optional<ReadError> read_range(Position from, Position to);
  void read_to(Position end);
  std::optional<Position> catch_up();
  void read_barrier();
  void read_acknowledged();
  void copy();
  void append_oversize(std::uint32_t excess);
  void knock(std::uint32_t draw);
  void note_outcome(const WriteResult& result);
  Payload make_entry(std::uint64_t op, std::uint64_t draw, std::size_t length) const;

  Node& node_;
  Ports ports_;
  Notebook& notebook_;
  const Settings& settings_;
  Log::Writer writer_;
  Log::Reader reader_;
  bool has_writer_ = false;
  std::size_t running_ = 0;
};

}  // namespace holdfast::scenarios
