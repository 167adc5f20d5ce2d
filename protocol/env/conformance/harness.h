#pragma once

// What the port conformance suite needs to know of a world: how to put test processes into it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "protocol/env/node_id.h"
#include "protocol/env/process.h"

namespace holdfast::conformance {

// One world, used for one test: boot() once, then settle() any number of times.
//
// The world is at its kindest: it loses, duplicates and corrupts nothing, no disk fails, no node
// crashes or pauses.  Delays of any length are welcome.  All steps of all nodes run on the thread
// that calls settle(), and inside that call; jobs may run elsewhere.
class PortsHarness {
 public:
  using Boot = std::function<std::unique_ptr<Process>(NodeId, const Ports&)>;

  virtual ~PortsHarness() = default;

  // Nodes 1 to `count` exist from now on, each with the process that `boot` made for it.  Their
  // first steps fall into this call or the next settle().
  virtual void boot(std::uint8_t count, const Boot& boot) = 0;

  // Returns when nothing is under way: no frame in flight, no job queued or running, no alarm set.
  virtual void settle() = 0;

  // A directory that exists on the disk of `node`.
  virtual std::string directory(NodeId node) = 0;

  // Called by a job of the bulk lane: keeps the lane busy for some milliseconds, where the length
  // of a job depends on what it does.
  virtual void linger() = 0;

  // Whether two worlds made alike, with processes that act alike, behave alike to the last bit.
  virtual bool repeatable() const = 0;
};

}  // namespace holdfast::conformance
