#pragma once

// What an application sees of a log: a Reader of the local replica's copy and an exclusive Writer.
//
// All calls are made by fibers of the member's own scheduler and may wait.  A Log and its readers
// and writers live no longer than their Node.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/coordinator.h"

namespace holdfast {

struct Entry {
  Position position;
  Payload bytes;
  IdempotencyKey key;
};

// Why a read failed.
struct ReadError {
  enum class Kind : std::uint8_t {
    kBadRange,    // to < from
    kTruncated,   // from < beginning(), or the log was truncated past `from` during the read
    kPastEnd,     // to > ending()
    kPending,     // a position is written but not yet known to be chosen
    kMissing,     // a position has no record here: catch up first
    kNotVoting,   // this member does not vote and cannot tell what is chosen
    kNotCaughtUp  // catchup() could not reach what it needed in time
  };

  Kind kind;
  // The first position concerned.
  Position position;

  std::string text() const;
};

template <typename T>
using ReadResult = tl::expected<T, ReadError>;

class Log {
 public:
  // Reads what the local replica has learned: a prefix of the log, possibly behind the others.
  class Reader {
   public:
    // The first position not truncated, and the last with any record (none: the log is empty), as
    // the local replica sees them.
    Position beginning() const;
    std::optional<Position> ending() const;

    // The entries of [from, to], both inclusive, in order.  Positions that hold no client's bytes
    // are skipped; any that is missing, pending or truncated makes the whole read fail.
    ReadResult<std::vector<Entry>> read(Position from, Position to);

    // Learns what is chosen as far as any member that answers knows, without disturbing the
    // coordinator, and returns the last position a read may include (none: the log is empty).  A
    // truncation may move beginning() meanwhile; a read that fails as truncated is then tried again
    // after another catchup().
    ReadResult<std::optional<Position>> catchup(Duration patience);

   private:
    friend class Log;

    explicit Reader(const Proposer::Wiring& wiring, Proposer& proposer, CatchUp& catchup)
        : w_(wiring),
          proposer_(proposer),
          catchup_(catchup) {}

    std::optional<ReadError> refuse(Position from, Position to) const;

    Proposer::Wiring w_;
    Proposer& proposer_;
    CatchUp& catchup_;
  };

  // The exclusive promise to append.  One writer is valid at a time in the whole cluster: starting
  // one invalidates the others, which find out at their next write at the latest.
  //
  // A write whose outcome is kUnknown may or may not happen: the next election decides it.  After
  // any outcome but kOk and a refused argument (kTooLarge, kBadTruncate) every further call fails
  // with kNotElected until start() succeeds again.
  class Writer {
   public:
    // On success: the last position written before; everything up to it is learned locally.
    ElectResult start();

    // The position of a later append is larger than that of every earlier one of this writer,
    // under any window; several fibers may append at once.
    WriteResult append(Payload bytes, IdempotencyKey key = {});

    // Forgets every position below `to`.  Requires of `to`: see Failure::kBadTruncate.
    WriteResult truncate(Position to);

   private:
    friend class Log;

    explicit Writer(Coordinator& coordinator, std::uint64_t term = 0)
        : coordinator_(&coordinator),
          term_(term) {}

    Coordinator* coordinator_;
    // 0: never started, or lost.
    std::uint64_t term_;
  };

  Log(const Proposer::Wiring& wiring,
      Proposer& proposer,
      CatchUp& catchup,
      Coordinator& coordinator)
      : w_(wiring),
        proposer_(proposer),
        catchup_(catchup),
        coordinator_(coordinator) {}

  Reader reader() { return Reader(w_, proposer_, catchup_); }

  Writer writer() { return Writer(coordinator_); }

  // Writes in the term that this member holds now, whoever called for its election; valid until
  // that term ends.  Without a term it is as writer().
  Writer current_writer() {
    return Writer(coordinator_, coordinator_.elected() ? coordinator_.term() : 0);
  }

 private:
  Proposer::Wiring w_;
  Proposer& proposer_;
  CatchUp& catchup_;
  Coordinator& coordinator_;
};

}  // namespace holdfast
