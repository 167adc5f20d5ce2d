// A simulated world keeps the contract of the ports.

#include "protocol/env/conformance/port_conformance.h"

#include <memory>
#include <optional>
#include <string>

#include <leveldb/env.h>

#include "protocol/env/check.h"

#include "sim/toy_cast.h"
#include "sim/world.h"

namespace holdfast::conformance {
namespace {

// Boots what the suite gives it.
class HarnessCast final : public sim::Cast {
 public:
  PortsHarness::Boot boot_process;

  std::unique_ptr<Process> boot(NodeId node, const Ports& ports, leveldb::Env&) override {
    return boot_process(node, ports);
  }

  void power_failed(NodeId) override {}

  void wiped(NodeId) override {}

  std::vector<NodeId> with_role(sim::Role) override { return {}; }

  bool may_wipe(NodeId) override { return false; }
};

// A world that loses nothing, but delays, reorders and lets clocks drift.
class WorldHarness final : public PortsHarness {
 public:
  void boot(std::uint8_t count, const Boot& boot) override {
    sim::WorldOptions options;
    options.nodes = count;
    options.quorum = count / 2 + 1;
    options.network.tail_ppm = 100'000;
    options.clock.drift_max_ppm = 100'000;
    cast_.boot_process = boot;
    world_.emplace(options, cast_, observer_);
    for (unsigned i = 0; i < count; ++i) {
      HOLDFAST_CHECK(world_->disk(sim::node_at(i)).env().CreateDir(directory({})).ok());
    }
    world_->boot_all();
  }

  void settle() override { HOLDFAST_CHECK(world_->run_events(1'000'000) == sim::RunEnd::kQuiet); }

  std::string directory(NodeId) override { return "/data"; }

  // A job takes as long as was drawn for it, whatever it does.
  void linger() override {}

  bool repeatable() const override { return true; }

 private:
  HarnessCast cast_;
  sim::ToyObserver observer_;
  std::optional<sim::World> world_;
};

std::unique_ptr<PortsHarness> make_world() {
  return std::make_unique<WorldHarness>();
}

INSTANTIATE_TEST_SUITE_P(World, PortConformance, ::testing::Values(&make_world));

}  // namespace
}  // namespace holdfast::conformance
