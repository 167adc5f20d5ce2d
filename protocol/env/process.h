#pragma once

#include "protocol/env/clock.h"
#include "protocol/env/disk.h"
#include "protocol/env/network.h"
#include "protocol/env/random.h"
#include "protocol/env/tracer.h"

namespace holdfast {

// Everything one life of a node may ask of the world: the complete list of nondeterminism.  The
// ports outlive the process; once the node is dead they do nothing while it unwinds.
struct Ports {
  Clock& clock;
  Network& network;
  Disk& disk;
  Random& random;
  Tracer& tracer;
};

// One life of a node, from boot to crash or shutdown, as a world runs it.
//
// Every call below, and every `done` of a disk job, is one step: it runs until all of the node's
// fibers wait, and what it asked of the ports leaves together when the call returns.  Steps never
// nest.  A crash falls between steps (and may cut off a suffix of what the last one asked for).
class Process {
 public:
  // Unwinds whatever waits.
  virtual ~Process() = default;

  // The first step.
  virtual void start() = 0;
  virtual void on_frame(const Frame& frame) = 0;
  virtual void on_alarm() = 0;

  // The connection to a node has ended, or seems to have: its process may have, too.  A hint that
  // may be wrong, late, repeated, or never come.
  virtual void on_disconnect(NodeId) {}
};

}  // namespace holdfast
