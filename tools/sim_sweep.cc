#include "tools/sim_sweep.h"

#include <cstdio>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "tools/sim_build.h"
#include "tools/sim_files.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_run.h"
#include "tools/sim_shard.h"
#include "tools/sim_shrink.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

namespace fs = std::filesystem;
using Error = tl::unexpected<std::string>;

// What is lost when the machine goes.
constexpr std::int64_t kFlushEvery = 3'000'000'000;

int usage(const std::string& problem) {
  std::fprintf(stderr, "holdfast-sim sweep: %s\n", problem.c_str());
  return kExitUsage;
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Compares the sweep with the one in the folder, or puts it there.  What is wrong, or nothing.
std::string join(const std::string& folder, const Sweep& sweep) {
  const std::string path = sweep_path(folder);
  if (!exists(path)) {
    // Others may do so at the same time.  Who is last has the say, so all look once more.
    if (std::string problem = write_file(path, save(sweep)); !problem.empty()) return problem;
  }
  const auto there = load_sweep(path);
  if (!there) return there.error();
  const std::string difference = difference_of(sweep, *there);
  if (difference.empty()) return "";
  return fmt::format(
      "'{}' holds another sweep: here {} there; use another --out, or remove that "
      "folder",
      folder,
      difference);
}

class Shard {
 public:
  explicit Shard(const SweepCommand& command)
      : command_(command),
        options_(command.campaign),
        result_({.sweep = make_sweep(options_.choice, options_.first_seed, options_.count),
                 .shard = command.shard,
                 .sums = {},
                 .failures = {}}) {
    result_.sweep.shards = command.shards;
    range_ = range_of(result_.sweep, result_.shard);
    finished_path_ = finished_path(command.folder, result_.sweep, result_.shard);
    part_path_ = part_path(command.folder, result_.sweep, result_.shard);
  }

  int run() {
    const auto first = plan_of(options_.choice, range_.first);
    if (!first) return usage(first.error());
    if (std::string problem = join(command_.folder, result_.sweep); !problem.empty()) {
      return usage(problem);
    }
    if (exists(finished_path_)) return leave_finished();
    if (std::string problem = take_up(); !problem.empty()) return usage(problem);
    print_banner();
    // A folder that cannot be written is known before anything is played.
    if (std::string problem = flush(result_); !problem.empty()) return usage(problem);
    if (result_.sums.seeds < range_.seeds) {
      const int code = play();
      if (code != kExitPassed) return code;
    }
    if (overtaken_) return kExitPassed;
    if (const int code = shrink_examples(); code != kExitPassed) return code;
    return finish();
  }

 private:
  // What a file of this shard says, if it is one of this sweep.
  tl::expected<ShardResult, std::string> load_own(const std::string& path) const {
    auto there = load_shard(path);
    if (!there) return there;
    const std::string difference = difference_of(result_.sweep, there->sweep);
    if (difference.empty() && there->shard == result_.shard) return there;
    return Error(
        fmt::format("'{}' is of another sweep or shard ({}); remove it, or use another "
                    "--out",
                    path,
                    difference.empty() ? fmt::format("shard {}", there->shard) : difference));
  }

  int leave_finished() {
    const auto there = load_own(finished_path_);
    if (!there) return usage(there.error());
    fmt::print("{} is finished already: {}\n", shard_text(), came_out(there->sums));
    return kExitPassed;
  }

  // Goes on after what was played before.  What is wrong, or nothing.
  std::string take_up() {
    if (!exists(part_path_)) return "";
    auto there = load_own(part_path_);
    if (!there) return there.error();
    result_ = std::move(*there);
    return "";
  }

  std::string shard_text() const {
    return fmt::format("shard {}/{} (seeds {} to {})",
                       command_.shard,
                       command_.shards,
                       range_.first,
                       range_.first + (range_.seeds - 1));
  }

  static std::string came_out(const Sums& sums) {
    return fmt::format("{} seeds ({} passed, {} failed, {} undecided)",
                       grouped(sums.seeds),
                       grouped(sums.passed),
                       grouped(sums.failed),
                       grouped(sums.undecided));
  }

  void print_banner() const {
    fmt::print("{}\nscenario {}, profile {}, {}, {} job{}\n",
               program_line(),
               result_.sweep.scenario,
               result_.sweep.profile,
               shard_text(),
               options_.jobs,
               options_.jobs == 1 ? "" : "s");
    if (result_.sums.seeds != 0) fmt::print("goes on after {}\n", came_out(result_.sums));
    std::fflush(stdout);
  }

  // Of each class of failures a few are kept.
  void sift(FailedSeed& failed) {
    FailureGroup& group = result_.failures[class_of(failed.record)];
    group.exit_code = failed.exit_code;
    ++group.seeds;
    failed.kept = group.examples.size() < kExamplesMax;
    if (!failed.kept) return;
    FailureExample& example = group.examples.emplace_back();
    example.seed = failed.seed;
    if (!failed.record.found.empty()) {
      example.event = failed.record.found.front().event;
      example.text = failed.record.found.front().text;
    }
    if (!failed.record.has_plan) return;
    example.file = "capsules/" + decision_file_name(options_.choice, failed.seed);
    if (const auto plan = plan_of(options_.choice, failed.seed)) example.faults = fault_set(*plan);
  }

  ShardResult after(const Campaign& campaign) const {
    ShardResult result = result_;
    result.sums += sums_of(campaign.totals(), campaign.real_ns());
    return result;
  }

  // What is wrong, or nothing.  Another process on the same shard may be further.
  std::string flush(const ShardResult& result) const {
    if (exists(part_path_)) {
      const auto there = load_own(part_path_);
      if (there && there->sums.seeds > result.sums.seeds) return "";
    }
    return write_file(part_path_, save(result));
  }

  // The exit code, if the shard is not finished now.
  int play() {
    options_.first_seed = range_.first + result_.sums.seeds;
    options_.count = range_.seeds - result_.sums.seeds;
    options_.out = capsules_path(command_.folder);
    options_.on_interrupt = OnInterrupt::kFinishRuns;
    options_.sieve = [this](FailedSeed& failed) { sift(failed); };
    Campaign campaign(options_);
    const Campaign::End end = campaign.run([&] { tick(campaign); });
    if (end == Campaign::End::kInvalid) return usage(campaign.problem());
    if (overtaken_) {
      fmt::print("another process has finished {}\n", shard_text());
      remove_part();
      return kExitPassed;
    }
    if (problem_.empty()) problem_ = campaign.file_problem();
    if (!problem_.empty()) return give_up(problem_);
    result_ = after(campaign);
    if (result_.sums.seeds == range_.seeds) return kExitPassed;
    return leave_unfinished(end == Campaign::End::kInterrupted ? 128 + interrupt_signal()
                                                               : kExitUnfinished);
  }

  int leave_unfinished(int code) const {
    if (std::string problem = flush(result_); !problem.empty()) return give_up(problem);
    fmt::print(
        "{} is unfinished: {}; the same command goes on\n", shard_text(), came_out(result_.sums));
    return code;
  }

  static int give_up(const std::string& problem) {
    return usage(problem +
                 "\nWhat was played since the last file is lost; when that is mended, the "
                 "same command goes on");
  }

  void tick(Campaign& campaign) {
    if (campaign.real_ns() < flushed_ns_ + kFlushEvery || !problem_.empty() || overtaken_) return;
    flushed_ns_ = campaign.real_ns();
    overtaken_ = exists(finished_path_);
    problem_ = campaign.file_problem();
    if (problem_.empty() && !overtaken_) problem_ = flush(after(campaign));
    if (!problem_.empty() || overtaken_) campaign.stop();
  }

  // One example of each class.  The exit code, if the shard is not finished now.
  int shrink_examples() {
    for (auto& [failure, group] : result_.failures) {
      FailureExample& example = group.examples.front();
      if (!command_.shrink || example.shrunk || example.file.empty()) continue;
      if (std::string problem = shrink_example(example); !problem.empty()) return give_up(problem);
      if (interrupt_signal() != 0) return leave_unfinished(128 + interrupt_signal());
    }
    return kExitPassed;
  }

  // What is wrong with the folder, or nothing.
  std::string shrink_example(FailureExample& example) {
    const auto plan = plan_of(options_.choice, example.seed);
    if (!plan) return plan.error();
    const auto shrunk =
        shrink(*plan, {.jobs = options_.jobs, .budget = command_.shrink, .progress = false});
    // Nothing to shrink: it was not the same twice, or died of something outside of the run.
    if (!shrunk) return "";
    if (interrupt_signal() != 0) return "";
    example.shrunk = true;
    example.faults = fault_set(shrunk->plan);
    example.file = small_path_of(example.file);
    if (!shrunk->record.found.empty()) {
      example.event = shrunk->record.found.front().event;
      example.text = shrunk->record.found.front().text;
    }
    const std::string path = command_.folder + "/" + example.file;
    if (std::string problem = write_small_plan(*shrunk, path); !problem.empty()) return problem;
    fmt::print("seed {} made small: {} to {}: {}\n",
               example.seed,
               to_string(shrunk->before),
               to_string(shrunk->after),
               path);
    std::fflush(stdout);
    return flush(result_);
  }

  // The finished one counts, whether or not this goes.
  void remove_part() const {
    std::error_code ignored;
    fs::remove(part_path_, ignored);
  }

  int finish() {
    result_.finished = true;
    if (std::string problem = write_file(finished_path_, save(result_)); !problem.empty()) {
      return give_up(problem);
    }
    remove_part();
    fmt::print("{} is finished: {}\n", shard_text(), came_out(result_.sums));
    return kExitPassed;
  }

  const SweepCommand& command_;
  Campaign::Options options_;
  // Before the campaign that is under way, but failures, which are noted as they come.
  ShardResult result_;
  SeedRange range_;
  std::string finished_path_;
  std::string part_path_;
  std::int64_t flushed_ns_ = 0;
  std::string problem_;
  bool overtaken_ = false;
};

}  // namespace

int sweep_command(const SweepCommand& command) {
  return Shard(command).run();
}

}  // namespace holdfast::tools
