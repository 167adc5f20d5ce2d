#include "tools/sim_choice.h"

#include <algorithm>

#include "sim/knobs.h"
#include "sim/schedule.h"
#include "sim/text.h"

namespace holdfast::tools {
namespace {

using scenarios::RunPlan;
using Error = tl::unexpected<std::string>;

std::vector<scenarios::Operation> drawn_operations(const sim::WorldOptions& world) {
  return scenarios::draw_operations(world, scenarios::draw_workload(world.seed, world.length));
}

bool is_set(const Choice& choice, std::string_view name) {
  return std::any_of(choice.settings.begin(), choice.settings.end(), [&](const auto& setting) {
    return setting.first == name;
  });
}

// What is wrong with a setting, or nothing.
std::string apply(RunPlan& plan, const std::string& name, const std::string& value) {
  if (name == "seed") return "the seed keys everything drawn; use --seed instead";
  if (name == "profile") return "the profile decides what is drawn; use --profile instead";
  return scenarios::set_option(plan.world, plan.cluster, name, value);
}

}  // namespace

tl::expected<RunPlan, std::string> plan_of(const Choice& choice, std::uint64_t seed) {
  RunPlan plan = choice.scenario->draw(seed, choice.profile);
  if (choice.settings.empty() && !choice.sim_time) return plan;
  const sim::WorldOptions drawn = plan.world;
  for (const auto& [name, value] : choice.settings) {
    const std::string problem = apply(plan, name, value);
    if (!problem.empty()) return Error("--set " + name + "=" + value + ": " + problem);
  }
  if (choice.sim_time) plan.world.length = *choice.sim_time;
  if (is_set(choice, "nodes") && !is_set(choice, "quorum")) {
    plan.world.quorum = plan.world.nodes / 2 + 1;
  }
  if (const std::string problem = sim::validate(plan.world); !problem.empty()) {
    return Error("the settings make no world: " + problem);
  }
  if (!(plan.world == drawn)) {
    // A scenario with a story of its own keeps it.
    if (plan.faults == sim::draw_faults(drawn)) plan.faults = sim::draw_faults(plan.world);
    if (plan.operations == drawn_operations(drawn)) plan.operations = drawn_operations(plan.world);
  }
  if (const std::string problem = validate(plan); !problem.empty()) {
    return Error("seed " + std::to_string(seed) + " of " + plan.scenario +
                 " does not go with these settings: " + problem);
  }
  return plan;
}

std::vector<std::string> arguments_of(const Choice& choice) {
  std::vector<std::string> arguments{"--scenario", std::string(choice.scenario->name)};
  if (choice.profile != sim::Profile::kDefault) {
    arguments.insert(arguments.end(), {"--profile", std::string(name_of(choice.profile))});
  }
  if (choice.sim_time) {
    arguments.insert(arguments.end(), {"--sim-time", sim::format_duration(*choice.sim_time)});
  }
  for (const auto& [name, value] : choice.settings)
    arguments.insert(arguments.end(), {"--set", name + "=" + value});
  return arguments;
}

std::string line_of(const Choice& choice) {
  std::string line;
  for (const std::string& argument : arguments_of(choice))
    line += (line.empty() ? "" : " ") + argument;
  return line;
}

std::string_view name_of(sim::Profile profile) {
  return sim::kProfileNames[static_cast<std::size_t>(profile)];
}

}  // namespace holdfast::tools
