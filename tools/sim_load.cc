#include "tools/sim_load.h"

#include "sim/text.h"

#include "tools/sim_build.h"
#include "tools/sim_files.h"

namespace holdfast::tools {

using Error = tl::unexpected<std::string>;

tl::expected<scenarios::PlanFile, std::string> load_run(const std::string& what,
                                                        const Choice& choice) {
  if (const auto seed = sim::parse_unsigned(what)) {
    auto plan = plan_of(choice, *seed);
    if (!plan) return Error(plan.error());
    scenarios::PlanFile file;
    file.plan = std::move(*plan);
    return file;
  }
  const auto text = read_file(what);
  if (!text) {
    return Error("'" + what + "' is neither a seed (a number) nor a file: " + text.error());
  }
  auto file = scenarios::parse_plan_file(*text);
  const auto core = scenarios::recorded_core(*text);
  if (!file && core && *core != core_hash()) file = scenarios::parse_foreign_plan_file(*text);
  if (!file) return Error(what + ": " + file.error());
  return file;
}

}  // namespace holdfast::tools
