#pragma once

// Whose code the checker runs: nodes, each a process behind ports, with a disk that outlives it.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/env/node_id.h"
#include "protocol/env/process.h"
#include "protocol/env/state_hash.h"

namespace holdfast::explore {

// Numbers of nodes start at 0; the ids that they know each other by, at 1.
using Node = std::uint32_t;

constexpr NodeId id_of(Node node) {
  return NodeId{static_cast<std::uint8_t>(node + 1)};
}

// What is on a disk, as bytes that name it: equal images are equal disks.  Empty: a new disk.
using Image = std::string;

// What a client asks the application on a node to do.  Kinds are the company's; the serial counts
// the operations of a kind, wherever they are done.
struct Operation {
  std::uint8_t kind = 0;
  std::uint8_t serial = 0;

  friend auto operator<=>(const Operation&, const Operation&) = default;
};

constexpr std::uint8_t kOperationKinds = 8;

// What may still be lost: of all nodes.
enum class Losses : std::uint8_t { kNone, kMemories, kDisks };

// One life of a node: its process, its store and its application.
class Actor : public Process {
 public:
  // Before start(): from now on its states have names.
  virtual void watch_states() = 0;

  // A step follows, in which it is given what `input` names.
  virtual void begin_step(const StateName& input) = 0;

  // Equal names: the same will happen at the same events, to the disk as well.
  virtual StateName state_name() const = 0;

  // The frame would change nothing and be answered by nothing, whenever it comes, even if such
  // things are lost before.  Says false when in doubt.
  virtual bool deaf_to(const Frame& frame, Losses losses) const = 0;

  // A step of the node.  Requires: asks() has the kind.
  virtual void perform(Operation operation) = 0;

  // Whether frames mean anything to it: not while it opens its store, or after that failed.
  virtual bool hears() const = 0;

  // Bit k: its application may do an operation of kind k now.
  virtual std::uint8_t asks() const = 0;

  // The next write or deletion of its store fails; `done`: it has happened all the same.
  virtual void break_disk(bool done) = 0;

  // The process has ended by itself, with its disk as it is.
  virtual bool ended() const = 0;

  // What its disk may hold after the power failed now, while no job runs; never none.
  virtual std::vector<Image> survivors() const = 0;
};

class Company {
 public:
  virtual ~Company() = default;

  virtual Node nodes() const = 0;

  // Of the disk with which a node starts.
  virtual Image first_image(Node node) const = 0;

  // Not yet started.  What it does is a function of the arguments and of what the ports tell it;
  // the ports outlive it.  `life` counts the lives of the node, from 1.
  virtual std::unique_ptr<Actor> boot(Node node,
                                      std::uint32_t life,
                                      const Ports& ports,
                                      const Image& image) const = 0;

  // "elect"
  virtual std::string name_of(std::uint8_t kind) const = 0;
};

}  // namespace holdfast::explore
