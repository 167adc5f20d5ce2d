#pragma once

// What may happen to a few nodes, how often, and what is left out because it makes no difference:
// what both engines go by.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "sim/explore/company.h"
#include "sim/explore/fingerprint.h"
#include "sim/explore/referee.h"

namespace holdfast::explore {

// What happens to the system, by the kind of it.
enum class Kind : std::uint8_t {
  kDeliver,    // a frame
  kDuplicate,  // a frame, which stays in flight
  kRing,
  kFinishJob,
  kPerform,
  kBoot,
  kCrash,  // and what is left on the disk
  kWipe,
  // Eager disks: the power fails in the step of a delivery or an operation.
  kCrashAtDelivery,
  kCrashAtOperation,
  kCut,        // a connection ends, and takes what was on its way with it
  kDiskError,  // the next change of a node's disk fails, undone or done all the same
};

// As many different frames as there may be.
constexpr std::uint32_t kMessagesMax = 1u << 24;

// Of a connection: the receiver, and the life of the sender.
constexpr std::uint32_t argument_of_cut(std::uint32_t receiver, std::uint32_t life) {
  return life << 8 | receiver;
}

constexpr bool is_delivery(Kind kind) {
  return kind == Kind::kDeliver || kind == Kind::kDuplicate || kind == Kind::kCrashAtDelivery;
}

// Nobody does it: it befalls somebody.
constexpr bool is_fault(Kind kind) {
  switch (kind) {
    case Kind::kDeliver:
    case Kind::kFinishJob:
    case Kind::kPerform:
    case Kind::kBoot:
      return false;
    default:
      return true;
  }
}

// How much may happen; what is not listed here is free: deliveries, jobs of disks, and boots.
struct Budget {
  std::array<std::uint8_t, kOperationKinds> operations{};
  std::uint8_t alarms = 0;
  std::uint8_t crashes = 0;
  std::uint8_t wipes = 0;  // of the disk of a node, which goes down if it is up
  std::uint8_t duplicates = 0;
  std::uint8_t cuts = 0;  // of connections between nodes that are up
  std::uint8_t disk_errors = 0;

  friend auto operator<=>(const Budget&, const Budget&) = default;
};

constexpr std::size_t kBudgetWords = 4;

std::array<std::uint32_t, kBudgetWords> words_of(const Budget& budget);
Budget budget_of(Words words);

// What becomes of frames on their way.
enum class Links : std::uint8_t {
  // Any may overtake any, and all that were sent to a node may still come in its next life.
  kUnordered,
  // As on TCP.  None overtakes another of the same lives: a link that holds one holds all that come
  // after it.  What is on its way to a node is lost when that goes down, and what is sent to one
  // that
  // is down; what a node sent before it went down may still come.
  kConnections,
};

// At which nodes it is looked for: bit n, at node n.
struct Where {
  std::array<std::uint32_t, kOperationKinds> operations{~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u};
  std::uint32_t alarms = ~0u;
  std::uint32_t crashes = ~0u;
  std::uint32_t wipes = ~0u;
  std::uint32_t disk_errors = ~0u;
  // A node at which it is not looked for stays down once it is down.
  std::uint32_t boots = ~0u;

  friend bool operator==(const Where&, const Where&) = default;
};

constexpr bool is_at(std::uint32_t nodes, Node node) {
  return (nodes >> node & 1) != 0;
}

// Everything that may happen.
struct Bounds {
  Budget budget;
  Links links = Links::kUnordered;
  Where where;
};

// Ways to meet fewer states, each with its argument in docs/CHECKER.md.
struct Reductions {
  // Frames that will never do anything are as good as lost.
  bool dead_frames = true;
};

// What became of a node before.
struct Past {
  // That began; the last one goes on while it is up.
  std::uint32_t lives = 0;
  // How many there had been when its disk was emptied last; 0: it never was.
  std::uint32_t lost = 0;

  friend bool operator==(const Past&, const Past&) = default;
};

// What may still be lost that a frame on its way is about, with what is left of the budget.
// `succeeded`: the disk of the life that sent it is lost already, which has made its node another
// one.  Where links are connections a frame never comes to another life of its receiver than the
// present one, which forgets nothing.
constexpr Losses losses(const Bounds& bounds, const Budget& left, bool succeeded) {
  if (succeeded || left.wipes > 0) return Losses::kDisks;
  if (bounds.links == Links::kConnections) return Losses::kNone;
  // A disk may have become bad already, and its node not yet have noticed.
  const bool forgets = left.crashes > 0 || bounds.budget.disk_errors > 0;
  return forgets ? Losses::kMemories : Losses::kNone;
}

// The names of nodes.
Fingerprint name_of_down(Node node, const Past& past, const Image& image);
Fingerprint name_of_up(Node node, const Past& past, const Fingerprint& state);

// The name of a system is the sum of what its parts are worth in their places, the same for every
// engine.
Fingerprint worth_of_local(Node node, const Fingerprint& name);
Fingerprint worth_of_flying(const Fingerprint& name);
Fingerprint worth_of_ruling(const Ruling& ruling);
Fingerprint worth_of_budget(const Budget& budget);

}  // namespace holdfast::explore
