#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "properties/event.h"
#include "properties/facts.h"
#include "properties/verdict.h"

namespace holdfast::properties {

// How a property is stated: nothing bad ever happens, or something good happens in the end.
enum class Modality : std::uint8_t {
  kAlways,
  kEventually,
};

// What order of events a judge needs to be right.
enum class Order : std::uint8_t {
  // Each node's events in their order; those of different nodes merged in any way.
  kPerNode,
  // One order of all events that respects cause and effect.
  kTotal,
};

// Whether a property is promised when the fault budget of the cluster is exceeded (more disks lost
// than it survives, bit rot, stale copies of a disk).
enum class Beyond : std::uint8_t {
  kHolds,
  kNotPromised,
};

// A row of the catalog.
struct PropertyInfo {
  std::string_view name;
  Modality modality = Modality::kAlways;
  Order order = Order::kTotal;
  Beyond beyond = Beyond::kNotPromised;
  FailureClass failure = FailureClass::kSafety;
  // What it says, in one sentence.
  std::string_view statement;
  // Where it is argued for.
  std::string_view reference;
};

// What a judge reads and where it puts what it finds; both outlive the judge.
struct Bench {
  const Facts& facts;
  Verdict& verdict;
};

// Watches a run for one property.  Called for the kinds of events it asked for, after the facts
// were brought up to date with the event; judges do not see each other.
class Judge {
 public:
  Judge(const PropertyInfo& info, KindSet kinds, const Bench& bench)
      : info_(info),
        kinds_(kinds),
        bench_(bench) {}

  virtual ~Judge() = default;

  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  const PropertyInfo& info() const { return info_; }

  KindSet kinds() const { return kinds_; }

  bool needs_total_order() const { return info_.order == Order::kTotal; }

  virtual void on_event(const Event& e) = 0;

  // `e` made a value chosen.  Called before on_event(e), whatever kinds the judge asked for.
  virtual void on_chosen(const Event& e, const Decision& decision);

  // What the world did.  A crash ends a life; a wipe loses the disk between two lives; a storage
  // fault is any error, lie or corruption of the node's disk; healing starts the last phase, in
  // which `core` runs without faults and nobody else runs.
  virtual void on_boot(NodeId node);
  virtual void on_crash(NodeId node);
  virtual void on_wipe(NodeId node);
  virtual void on_storage_fault(NodeId node);
  virtual void on_heal(std::span<const NodeId> core);

  // No later event names a position below `p` that matters: state for those may go.
  virtual void forget_below(Position p);

  // The run is over.
  virtual void finish();

 protected:
  const Facts& facts() const { return bench_.facts; }

  void violated(const Event& e, std::string text, CheckSite where = CheckSite::current());

  // For what no event shows; stamped with the latest event.
  void violated(NodeId node, std::string text, CheckSite where = CheckSite::current());

 private:
  const PropertyInfo& info_;
  KindSet kinds_;
  Bench bench_;
};

// How texts name things.
std::string show(ValueName value);
std::string show(Ballot ballot);

}  // namespace holdfast::properties
