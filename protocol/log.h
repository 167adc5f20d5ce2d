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
#include "protocol/read_error.h"

namespace holdfast {

struct Entry {
  Position position;
  Payload bytes;
  IdempotencyKey key;
};

template <typename T>
using ReadResult = tl::expected<T, ReadError>;

class Log {
 public:
  // Reads the local replica's copy.  How much of the log is in it is for the caller to choose, by a
  // call that returns how far a read may go:
  //
  //   level             call        includes
  //   local             learned()   what this replica happens to have learned without a gap
  //   read your writes  await(p)    everything up to p, for instance what an append returned
  //   caught up         catchup()   what a quorum of members knows to be chosen
  //   linearizable      barrier()   everything that anybody was told OK before the call
  //
  // Then read(beginning(), that).  A truncation may overtake any read: it fails as truncated, and
  // is to be tried again from the new beginning().
  class Reader {
   public:
    // The first position not truncated, and the last with any record (none: the log is empty), as
    // the local replica sees them.  The last may be pending.
    Position beginning() const;
    std::optional<Position> ending() const;

    // The last position of the part of the log that this replica has learned without a gap (none:
    // there is none).
    std::optional<Position> learned() const;

    // The entries of [from, to], both inclusive, in order.  Positions that hold no client's bytes
    // are skipped; any that is missing, pending or truncated makes the whole read fail.
    ReadResult<std::vector<Entry>> read(Position from, Position to);

    // Waits until everything up to `to` is learned here, or truncated.  kNotCaughtUp: not in time;
    // `to` may not be chosen at all.
    ReadResult<void> await(Position to, Duration patience);

    // Learns what is chosen as far as any member that answers knows, without disturbing the
    // coordinator, and returns the last position a read may include (none: the log is empty).  What
    // was acknowledged a moment ago may be missing.
    ReadResult<std::optional<Position>> catchup(Duration patience);

    // Learns everything that was acknowledged to anybody before the call, and returns the last
    // position a read may include (none: the log is empty).  Waits for writes that are under way,
    // and for a coordinator where only one can decide.  Uses no ballot and no clock.
    ReadResult<std::optional<Position>> barrier(Duration patience);

    // The log as a standby wants it: caught up, and read from beginning() to `end`.
    struct Copy {
      Position begin;
      // None: the log is empty.
      std::optional<Position> end;
      std::vector<Entry> entries;
    };

    // catchup() and read(), again as long as truncations overtake them.
    ReadResult<Copy> copy(Duration patience);

   private:
    friend class Log;

    // What becomes of positions that nobody who answers has learned.
    enum class Unlearned : std::uint8_t {
      kWaitedFor,
      kClosed,  // the coordinator is asked to decide them
    };

    explicit Reader(const Log& log)
        : w_(log.w_),
          proposer_(log.proposer_),
          catchup_(log.catchup_),
          coordinator_(log.coordinator_) {}

    std::optional<ReadError> refuse(Position from, Position to) const;
    std::optional<ReadError> learn_to(Position to, Instant deadline, Unlearned unlearned);

    Proposer::Wiring w_;
    Proposer& proposer_;
    CatchUp& catchup_;
    Coordinator& coordinator_;
  };

  // The exclusive promise to append.  One writer is valid at a time in the whole cluster: starting
  // one invalidates the others, which find out at their next write at the latest.
  //
  // A write whose outcome is kUnknown may or may not happen: the next election, of whichever
  // member, decides it.  After any outcome but kOk and a refused argument (kTooLarge, kBadTruncate)
  // every further call fails with kNotElected until start() succeeds again.
  //
  // When the fiber of a call is cancelled, nobody is told what became of it: as unknown.  The entry
  // may be written; the writer stays as it is.  After a cancelled start() it is not started.
  class Writer {
   public:
    // On success: the last position written before; everything up to it is learned locally, and
    // nothing that an earlier writer wrote can appear above it any more.
    ElectResult start();

    // The position of a later append is larger than that of every earlier one of this writer,
    // under any window; several fibers may append at once.
    //
    // With a key that an entry of the log has, or one on its way, nothing is appended: OK with the
    // position of that entry, whatever its bytes.  Forgotten are the keys of entries that are
    // truncated or lie more than NodeOptions::key_positions below.
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

  Reader reader() { return Reader(*this); }

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
