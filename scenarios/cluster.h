#pragma once

// A cluster of members in a simulated world, with an application on each and all judges watching.
//
// It casts the world's processes (sim::Cast), passes on what nodes record to the judges
// (sim::Observer), and knows what the world may not: who coordinates, who catches up, what a wipe
// costs.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/fiber/stack_pool.h"
#include "protocol/node.h"
#include "protocol/points.h"
#include "protocol/replica_store.h"

#include "sim/cast.h"
#include "sim/observer.h"
#include "sim/world.h"
#include "storage/memory_store.h"

#include "properties/panel.h"
#include "scenarios/application.h"
#include "scenarios/cluster_options.h"
#include "scenarios/operations.h"

namespace holdfast::scenarios {

// Counts, indexed by Point.
using PointCounts = std::array<std::uint64_t, static_cast<std::size_t>(Point::kCount)>;

class Cluster final : private sim::Cast, private sim::Observer {
 public:
  // Every directory is initialised (unless the members do that), every member boots at once.
  // `stacks` and `watcher` (who sees what the judges see; may be null) outlive it. Requires:
  // validate() of both options found nothing.
  Cluster(const sim::WorldOptions& world_options,
          const ClusterOptions& options,
          StackPool& stacks,
          sim::Observer* watcher = nullptr);
  ~Cluster() override;

  sim::World& world() { return *world_; }

  properties::Panel& panel() { return panel_; }

  const properties::Panel& panel() const { return panel_; }

  const PointCounts& points() const { return points_; }

  // The member that runs on `node`, or none while it is down.
  Node* node(NodeId id);

  // Counts the lives of the member on `node`, from 1; 0 before the first.
  std::uint64_t life(NodeId id) { return machine(id).life; }

  // Operations happen at their times, each on its node's application if that is up then.
  void schedule(std::span<const Operation> operations);

  // The same now, between two steps; nothing if the node is down.
  void perform(const Operation& operation);

  // Runs `action` with the application on `id`, as a step; nothing if the node is down.
  void with_application(NodeId id, const std::function<void(Application&)>& action);

  // Members whose directories vote.
  sim::NodeSet voting() const { return voting_; }

  std::uint64_t operations() { return notebook_.ids().last(); }

 private:
  class Member;

  // One machine, over all lives of its process.
  struct Machine {
    Member* member = nullptr;
    storage::MemoryImage image;
    bool catching_up = false;
    std::uint64_t life = 0;
    std::uint16_t disks_lost = 0;
  };

  std::unique_ptr<Process> boot(NodeId id, const Ports& ports, leveldb::Env& env) override;
  void power_failed(NodeId id) override;
  void wiped(NodeId id) override;
  std::vector<NodeId> with_role(sim::Role role) override;
  bool may_wipe(NodeId id) override;

  void on_event(const sim::TraceEvent& event) override;
  void on_point(NodeId id, Point point) override;
  void on_life(const sim::LifeNote& note) override;
  void on_fault(const sim::FaultNote& note) override;
  void on_heal(Instant at, sim::NodeSet core) override;
  bool wants_frames() const override;
  void on_frame(const sim::FrameNote& note) override;

  NodeOptions options_of(NodeId id);
  std::shared_ptr<ReplicaStore> make_store(NodeId id, Disk& disk, leveldb::Env& env);
  void initialise(NodeId id);
  NodeId redirect(const Operation& operation);
  void note_disk_faults(NodeId id);
  void note_status(NodeId id, std::uint64_t status);
  std::vector<NodeId> ids_of(sim::NodeSet set) const;

  Machine& machine(NodeId id) { return machines_[sim::index_of(id)]; }

  const ClusterOptions options_;
  const int nodes_;
  const int quorum_;
  const std::uint64_t seed_;
  StackPool& stacks_;
  sim::Observer* watcher_;
  Application::Settings application_settings_;
  Notebook notebook_;
  properties::Panel panel_;
  PointCounts points_{};
  std::vector<Machine> machines_;
  sim::NodeSet voting_;
  std::uint64_t power_failures_ = 0;
  // Last: its destruction ends the processes, which still use what is above.
  std::unique_ptr<sim::World> world_;
};

}  // namespace holdfast::scenarios
