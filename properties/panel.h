#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "properties/catalog.h"
#include "properties/event.h"
#include "properties/facts.h"
#include "properties/judge.h"
#include "properties/progress.h"
#include "properties/steady.h"
#include "properties/verdict.h"

namespace holdfast::properties {

// All judges over one run.  The runner hands over every event in the order of the run and says
// what the world did to the nodes; the panel passes to each judge only what it asked for.
class Panel {
 public:
  explicit Panel(Members members, Profile profile = Profile::kBudget);

  // The judges hold on to the facts inside.
  Panel(const Panel&) = delete;
  Panel& operator=(const Panel&) = delete;

  void on_event(const Event& e);
  void on_boot(NodeId node);
  void on_crash(NodeId node);
  void on_wipe(NodeId node);
  void on_storage_fault(NodeId node);
  void on_heal(std::span<const NodeId> core);

  // A process died in a way no event shows: an abort, an exception out of a step.
  void on_abort(NodeId node, std::string_view text);

  // Once, at the end of the run.
  void finish();

  const Verdict& verdict() const { return verdict_; }

  const Facts& facts() const { return facts_; }

  // Where the liveness phase says what must complete; null when the profile does not judge that.
  Progress* progress() { return progress_; }

  // Where a scenario says how often coordinators may change; null when the profile does not judge
  // that.
  Steady* steady() { return steady_; }

  // Of the judges that sit.
  std::vector<const PropertyInfo*> sitting() const;

 private:
  // How often truncation may move before memory is looked at.
  static constexpr std::uint64_t kForgetEvery = 64;

  void seat(std::unique_ptr<Judge> judge);
  void forget();

  Verdict verdict_;
  Facts facts_;
  std::vector<std::unique_ptr<Judge>> judges_;
  Progress* progress_ = nullptr;
  Steady* steady_ = nullptr;
  std::array<std::vector<Judge*>, KindSet::kCapacity> by_kind_;
  std::uint64_t begins_ = 0;
};

}  // namespace holdfast::properties
