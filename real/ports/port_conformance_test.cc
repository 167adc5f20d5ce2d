// The ports on Linux keep the contract of the ports.

#include "protocol/env/conformance/port_conformance.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <stdlib.h>

#include "real/ports/test_machine.h"

namespace holdfast::conformance {
namespace {

// Machines on loopback, all on the loop that settle() runs.
class LoopbackHarness final : public PortsHarness {
 public:
  explicit LoopbackHarness(real::ClockRate rate) : rate_(rate) {
    std::string pattern = std::filesystem::temp_directory_path() / "holdfast-ports-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
  }

  ~LoopbackHarness() override {
    for (auto& machine : machines_)
      machine->halt();
    std::filesystem::remove_all(root_);
  }

  void boot(std::uint8_t count, const Boot& boot) override {
    const auto members = real::loopback_members(loop_, count);
    for (const real::MemberAddress& member : members) {
      machines_.push_back(std::make_unique<real::Machine>(
          loop_,
          journal_,
          real::MachineOptions{.network = real::network_options(member.id, members),
                               .clock_rate = rate_}));
      std::filesystem::create_directory(directory(member.id));
      processes_.push_back(boot(member.id, machines_.back()->ports()));
    }
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      const auto booted = machines_[i]->boot(*processes_[i]);
      HOLDFAST_CHECK(booted.has_value(), booted ? std::string() : booted.error());
    }
  }

  void settle() override {
    // The first steps come before anything else.
    bool begun = false;
    loop_.post([&] { begun = true; });
    real::Timer turn(loop_, [&] { begun = true; });
    turn.set(loop_.now());
    loop_.run_until([&] { return begun && !turn.is_set(); });
    loop_.run_until([this] { return quiet(); });
  }

  std::string directory(NodeId node) override {
    return root_ + "/" + std::to_string(int{node.value});
  }

  void linger() override { std::this_thread::sleep_for(std::chrono::milliseconds(3)); }

  bool repeatable() const override { return false; }

 private:
  bool quiet() const {
    std::uint64_t under_way = 0;
    for (const auto& machine : machines_) {
      if (!machine->idle()) return false;
      const real::NetworkCounters& counters = machine->network().counters();
      under_way += counters.sent;
      under_way -= counters.received;
    }
    return under_way == 0;
  }

  real::ClockRate rate_;
  real::EventLoop loop_;
  real::KeptJournal journal_;
  std::string root_;
  // The processes go first.
  std::vector<std::unique_ptr<real::Machine>> machines_;
  std::vector<std::unique_ptr<Process>> processes_;
};

std::unique_ptr<PortsHarness> make_loopback() {
  return std::make_unique<LoopbackHarness>(real::ClockRate{});
}

std::unique_ptr<PortsHarness> make_fast_clocks() {
  return std::make_unique<LoopbackHarness>(real::ClockRate{.permille = 1537});
}

std::unique_ptr<PortsHarness> make_slow_clocks() {
  return std::make_unique<LoopbackHarness>(real::ClockRate{.permille = 613});
}

INSTANTIATE_TEST_SUITE_P(Loopback, PortConformance, ::testing::Values(&make_loopback));
INSTANTIATE_TEST_SUITE_P(FastClocks, PortConformance, ::testing::Values(&make_fast_clocks));
INSTANTIATE_TEST_SUITE_P(SlowClocks, PortConformance, ::testing::Values(&make_slow_clocks));

}  // namespace
}  // namespace holdfast::conformance
