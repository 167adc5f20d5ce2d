#include "tools/sim_past.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "scenarios/run.h"
#include "tools/sim_build.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_load.h"
#include "tools/sim_pool.h"

namespace holdfast::tools {
namespace {

namespace fs = std::filesystem;
using Error = tl::unexpected<std::string>;

tl::expected<std::vector<fs::path>, std::string> list_plans(const std::string& folder) {
  std::error_code problem;
  std::vector<fs::path> paths;
  fs::directory_iterator entries(folder, problem);
  for (const fs::directory_iterator end; !problem && entries != end; entries.increment(problem))
    if (entries->path().extension() == ".plan") paths.push_back(entries->path());
  if (problem) {
    return Error(fmt::format(
        "cannot list the folder '{}': {}; make it, or name another", folder, problem.message()));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The same plan, played by the same core, gives the same run.
std::string divergence_of(const PastCapsule& capsule, std::uint64_t fingerprint) {
  const auto& recording = capsule.file.recording;
  if (!binds(capsule.file) || *recording->fingerprint == fingerprint) return "";
  return fmt::format("{} says fingerprint {}, this run has {}",
                     capsule.path,
                     hex16(*recording->fingerprint),
                     hex16(fingerprint));
}

SeedRecord play(const PastCapsule& capsule, StackPool& stacks, const scenarios::RunHooks& hooks) {
  const scenarios::RunPlan& plan = capsule.file.plan;
  SeedRecord record = record_of(0, plan.world.seed, run(plan, stacks, hooks));
  record.interrupted = hooks.interrupted();
  if (!record.interrupted) {
    record.divergence = divergence_of(capsule, record.figures.fingerprint);
  }
  return record;
}

}  // namespace

tl::expected<std::vector<PastCapsule>, std::string> load_past(const std::string& folder) {
  const auto paths = list_plans(folder);
  if (!paths) return Error(paths.error());
  std::vector<PastCapsule> capsules;
  for (const fs::path& path : *paths) {
    auto file = load_decision_file(path.string());
    if (!file) return Error(file.error() + "; mend the file, or remove it from the folder");
    capsules.push_back(
        {.name = path.filename().string(), .path = path.string(), .file = std::move(*file)});
  }
  return capsules;
}

std::optional<std::vector<PastRun>> play_past(std::vector<PastCapsule> capsules,
                                              unsigned jobs,
                                              const std::function<void(PastRun&)>& told) {
  std::vector<PastRun> past;
  const auto take = [&](SeedRecord record) {
    PastRun& run = past.emplace_back();
    run.capsule = std::move(capsules[record.index]);
    run.record = std::move(record);
    told(run);
  };
  StackPool stacks;
  if (is_debugged()) {
    for (std::size_t i = 0; i < capsules.size(); ++i) {
      scenarios::RunHooks hooks;
      hooks.interrupted = [] { return interrupt_signal() != 0; };
      SeedRecord record = play(capsules[i], stacks, hooks);
      if (record.interrupted) return std::nullopt;
      record.index = i;
      take(std::move(record));
    }
    return past;
  }
  if (capsules.empty()) return past;
  Pool pool(
      {.count = capsules.size(), .jobs = jobs},
      [&](std::uint64_t index, Pool::Desk& desk) {
        desk.begins_run();
        return play(capsules[index], stacks, hooks_of(desk));
      },
      [&](const Pool::Death& death) {
        return record_of_death(capsules[death.index].file.plan.world.seed, death.text, death.found);
      });
  while (!pool.over()) {
    if (auto record = pool.next(Duration::milliseconds(100))) take(std::move(*record));
    if (interrupt_signal() == 0) continue;
    pool.interrupt();
    return std::nullopt;
  }
  return past;
}

std::string past_text(std::span<const PastRun> past) {
  const auto failed = std::count_if(
      past.begin(), past.end(), [](const PastRun& run) { return run.record.failed(); });
  const auto quarantined = std::count_if(
      past.begin(), past.end(), [](const PastRun& run) { return !run.quarantined.empty(); });
  const auto size = static_cast<std::ptrdiff_t>(past.size());
  return fmt::format("{} played: {} passed, {} failed ({} of them quarantined)",
                     size,
                     size - failed,
                     failed,
                     quarantined);
}

int exit_code_of(std::span<const PastRun> past) {
  int code = kExitPassed;
  for (const PastRun& run : past)
    if (run.quarantined.empty()) code = heavier_exit(code, run.record.exit_code());
  return code;
}

}  // namespace holdfast::tools
