#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/env/time.h"

#include "protocol/membership.h"
#include "protocol/mesos_compat.h"
#include "protocol/types.h"

namespace holdfast {

// Who decides when a member runs for coordinator.  The same at every member of a log.
enum class Elections : std::uint8_t {
  kByApplication,  // the application on it, by Log::Writer::start()
  kByElector,      // the member itself (protocol/elector.h)
};

// Whether members may make an empty log theirs without an operator.
enum class AutoInitialise : std::uint8_t { kOff, kOn };

// Everything one member is told before it starts.
struct NodeOptions {
  // Whose member this is: stored in its directory at the first start, checked at every later one
  // and in every frame.  Both non-zero.
  std::uint64_t cluster = 1;
  std::uint64_t log = 1;
  NodeId self;
  Membership membership{{NodeId{1}}};

  // Positions a coordinator may have written but not yet acknowledged.  1 to 4096.
  std::size_t window = 64;

  // The largest entry, in bytes.
  std::size_t entry_bytes_max = 1 << 20;

  // An append whose key is among the last so many positions is not appended again.  1 to 65536;
  // 40 to 56 bytes of memory each.  The same at every member.
  std::size_t key_positions = 16384;

  // How long a request waits for its answers before it is sent again; doubles up to the maximum.
  Duration resend_min = Duration::milliseconds(100);
  Duration resend_max = Duration::seconds(2);

  // How long an election, and each write of a coordinator, may take before it is given up.
  Duration election_deadline = Duration::seconds(10);
  Duration write_deadline = Duration::seconds(10);

  // A refused fill waits a random time in [backoff, 2 * backoff) before its next attempt: long
  // against the time of a message, so that one of two rivals finishes (Mesos: 100 ms).
  Duration backoff = Duration::milliseconds(100);

  // How often an idle coordinator tells what is chosen.
  Duration chosen_interval = Duration::milliseconds(500);

  // Catch-up: how long a replica waits for what is on its way before it asks, the pause between
  // two rounds of questions, and the bounds of one question.  `fetch_bytes_max` also bounds the
  // entries that a coordinator sends in one frame.
  Duration fetch_delay = Duration::milliseconds(50);
  Duration fetch_pause = Duration::milliseconds(1);
  std::size_t fetch_positions_max = 256;
  std::size_t fetch_bytes_max = 256 << 10;
  std::size_t fetches_in_flight = 4;

  // Positions a proposer fills at the same time.
  std::size_t fills_in_flight = 8;

  // An EMPTY member may become VOTING by itself once every member says it is EMPTY.  Off: the log
  // is initialised by an operator's command at every member, and the loss of all disks at once is
  // never taken for a first start.
  AutoInitialise auto_initialise = AutoInitialise::kOff;

  // Recovery: how long the others have to answer before they are asked anew, the pause between two
  // attempts (a random time in [pause, 2 * pause)), and how long nothing may be heard of the
  // coordinator's progress before a recovering member runs ballots itself.
  Duration recovery_deadline = Duration::seconds(10);
  Duration recovery_pause = Duration::milliseconds(500);
  Duration close_deadline = Duration::seconds(3);

  // Records deleted by one job after a truncation.
  std::size_t erase_records_max = 256;

  // Ballot rounds made durable by one write.
  std::uint64_t rounds_per_reservation = 16;

  // Requests that a replica may be serving from its disk at the same time; more are dropped, and
  // asked again by whoever sent them.
  std::size_t reads_in_flight_max = 64;

  Elections elections = Elections::kByApplication;

  // The elector only.  A coordinator says that it is alive every `heartbeat_interval`; a member
  // that hears none for `election_timeout`, counted in whole intervals, runs after another random
  // wait of up to `election_timeout`.  The timeout must be long against a round trip and against
  // the pauses of a process that are not worth a change of coordinator.  Where the connection to
  // the coordinator ended, a member runs after a random wait of up to an eighth of it.
  Duration heartbeat_interval = Duration::milliseconds(100);
  Duration election_timeout = Duration::seconds(1);

  // The elector only: members in the order in which they should coordinate, the most preferred
  // first; those not named share the last place.  Empty: no preference.
  std::vector<NodeId> preference;

  // For tests only.
  MesosCompat mesos_compat;

  // What is wrong with these options, in words for the operator; empty when nothing is.
  std::string invalid() const;

 private:
  std::string invalid_elections() const;
};

}  // namespace holdfast
