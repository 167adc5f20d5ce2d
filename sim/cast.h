#pragma once

// Who plays in a world.  The world moves processes about and breaks things; what a process is made
// of, who coordinates and what a lost disk costs is known to the cast only.

#include <memory>
#include <vector>

#include "protocol/env/node_id.h"
#include "protocol/env/process.h"

#include "sim/role.h"

namespace leveldb {
class Env;
}  // namespace leveldb

namespace holdfast::sim {

class Cast {
 public:
  virtual ~Cast() = default;

  // A new life of `node`: its process, not yet started.  `ports` and `env` outlive it, and are the
  // same in every life.
  virtual std::unique_ptr<Process> boot(NodeId node, const Ports& ports, leveldb::Env& env) = 0;

  // The machine lost power and its process is gone: what a store outside `env` had not synced is
  // lost.  Comes before the next boot().
  virtual void power_failed(NodeId node) = 0;

  // The disk of `node` was emptied, while no process ran.
  virtual void wiped(NodeId node) = 0;

  // Nodes that play `role` now, in the order of their ids.
  virtual std::vector<NodeId> with_role(Role role) = 0;

  // Whether the cluster can still do without what `node` has on its disk.
  virtual bool may_wipe(NodeId node) = 0;
};

}  // namespace holdfast::sim
