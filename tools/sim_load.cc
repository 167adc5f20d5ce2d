#include "tools/sim_load.h"

#include <filesystem>
#include <system_error>

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
  std::error_code ignored;
  if (!std::filesystem::exists(what, ignored)) {
    return Error("'" + what + "' is neither a seed (a number) nor a file");
  }
  return load_decision_file(what);
}

tl::expected<scenarios::PlanFile, std::string> load_decision_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return Error(text.error());
  auto file = scenarios::parse_plan_file(*text);
  const auto core = scenarios::recorded_core(*text);
  if (!file && core && *core != core_hash()) file = scenarios::parse_foreign_plan_file(*text);
  if (!file) return Error(path + ": " + file.error());
  return file;
}

bool binds(const scenarios::PlanFile& file) {
  return file.recording && file.recording->fingerprint && !file.edited &&
         file.recording->core == core_hash();
}

}  // namespace holdfast::tools
