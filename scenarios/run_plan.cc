#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

std::string validate(const RunPlan& plan) {
  if (std::string wrong = sim::validate(plan.world); !wrong.empty()) return wrong;
  if (std::string wrong = validate(plan.cluster); !wrong.empty()) return wrong;
  for (const sim::Fault& fault : plan.faults) {
    std::string wrong = sim::validate(fault, static_cast<int>(plan.world.nodes));
    if (!wrong.empty()) return sim::to_string(fault) + ": " + wrong;
  }
  for (const Operation& operation : plan.operations) {
    if (operation.at.ns() < 0) return to_string(operation) + ": at= is before the run begins";
  }
  if (plan.events_max == 0) return "events_max must be positive";
  if (plan.liveness_events_max == 0) return "liveness_events_max must be positive";
  return "";
}

}  // namespace holdfast::scenarios
