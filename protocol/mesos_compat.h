#pragma once

// Rules of the Mesos log in place of ours, one by one, for tests that show what each repair is for
// (docs/PROTOCOL.md 9.6, docs/bugs.md "Found in the protocol as Mesos has it").
//
// Never for production: with most of these on, the log loses acknowledged entries.  Only tests and
// scenarios turn one on; no configuration file or flag of a program that keeps data reaches it, and
// `./dev check` refuses the name of this type outside of protocol/, scenarios/ and tests (rule
// mesos-compat).

#include <cstdint>

namespace holdfast {

struct MesosCompat {
  // D1: a vote leaves the promise of its position as it was (mesos-log gap G1).
  bool d1 = false;

  // D2: a member that lost its disk votes again once it has learned the log up to the end that q
  // VOTING others name: it registers nowhere, so its former votes go on being counted, and it keeps
  // none of the promises they heard of (gap G2).
  bool d2 = false;
  // The number its ballots take instead of a registered one, so that no two lives make the same
  // ballot and only gap G2 is shown: whoever starts the member counts the disks it lost.
  std::uint16_t disks_lost = 0;

  // D3: a deposed coordinator notices nothing until a write is refused; then it stays elected and
  // goes on under the winner's ballot (gap G3).  Acceptors take the second value under one ballot.
  // Mesos has a window of 1.
  bool d3 = false;

  // D8: whatever is missing is learned by one ballot round per position, the lowest first, one at a
  // time; nobody is asked what he learned, a truncated prefix is skipped position by position, and
  // a replica that leads nothing catches up only when a reader asks for it.
  bool d8 = false;

  // D14: an election does not settle, and a vote of a deposed coordinator is adopted whenever one
  // is found.  Nothing acknowledged is lost by that: what was unknown may turn up late, and twice.
  bool d14 = false;

  bool operator==(const MesosCompat&) const = default;
};

}  // namespace holdfast
