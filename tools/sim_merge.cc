#include "tools/sim_merge.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "tools/sim_files.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

namespace fs = std::filesystem;
using Error = tl::unexpected<std::string>;

// One past the last seed may be 2^64.
using Wide = unsigned __int128;

Wide end_of(const SeedRange& range) {
  return Wide{range.first} + range.seeds;
}

// A file of a folder.
struct Result {
  std::string path;
  ShardResult shard;
  SeedRange range;
};

struct Folder {
  std::string path;
  Sweep sweep;
  std::vector<Result> results;
};

bool has_suffix(const fs::path& path, std::string_view suffix) {
  return path.filename().string().ends_with(suffix);
}

// The files of shards in a folder; the unfinished part of a finished shard says nothing.
tl::expected<std::vector<fs::path>, std::string> list_shards(const std::string& folder) {
  std::error_code problem;
  std::vector<fs::path> paths;
  fs::directory_iterator entries(folder, problem);
  for (const fs::directory_iterator end; !problem && entries != end; entries.increment(problem)) {
    const fs::path& path = entries->path();
    if (path.filename().string().starts_with("shard-") && has_suffix(path, ".json")) {
      paths.push_back(path);
    }
  }
  if (problem) {
    return Error(fmt::format("cannot list the folder '{}': {}", folder, problem.message()));
  }
  std::sort(paths.begin(), paths.end());
  std::erase_if(paths, [&](const fs::path& path) {
    if (!has_suffix(path, ".part.json")) return false;
    const std::string name = path.string();
    const std::string whole = name.substr(0, name.size() - std::string_view(".part.json").size());
    return std::find(paths.begin(), paths.end(), fs::path(whole + ".json")) != paths.end();
  });
  return paths;
}

// A result, with its examples as they can be opened from here.
Result result_of(const std::string& path, const std::string& folder, ShardResult shard) {
  for (auto& [failure, group] : shard.failures)
    for (FailureExample& example : group.examples)
      if (!example.file.empty()) example.file = folder + "/" + example.file;
  const SeedRange range = range_of(shard.sweep, shard.shard);
  return {.path = path, .shard = std::move(shard), .range = range};
}

tl::expected<Folder, std::string> load_folder(const std::string& path, Merged& merged) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    return Error(fmt::format("'{}' is no folder; name the --out of a sweep", path));
  }
  if (!fs::exists(sweep_path(path), ignored)) {
    return Error(fmt::format(
        "'{}' is no folder of a sweep: it has no sweep.json; name the --out of a sweep", path));
  }
  const auto sweep = load_sweep(sweep_path(path));
  if (!sweep) return Error(sweep.error());
  const auto paths = list_shards(path);
  if (!paths) return Error(paths.error());
  Folder folder{.path = path, .sweep = *sweep, .results = {}};
  for (const fs::path& file : *paths) {
    auto shard = load_shard(file.string());
    if (!shard) {
      merged.refused.push_back(shard.error());
      continue;
    }
    const std::string difference = difference_of(shard->sweep, *sweep);
    if (difference.empty()) {
      folder.results.push_back(result_of(file.string(), path, std::move(*shard)));
    } else {
      merged.refused.push_back(fmt::format(
          "'{}' is of another sweep than its folder: {}; remove it", file.string(), difference));
    }
  }
  return folder;
}

// What must be equal for results to add up, or nothing.
std::string incomparable(const Folder& a, const Folder& b) {
  Sweep like = b.sweep;
  like.first_seed = a.sweep.first_seed;
  like.seeds = a.sweep.seeds;
  like.shards = a.sweep.shards;
  const std::string difference = difference_of(a.sweep, like);
  if (difference.empty()) return "";
  return fmt::format(
      "'{}' and '{}' do not add up: {}; merge them apart", a.path, b.path, difference);
}

class Merger {
 public:
  explicit Merger(Merged& merged) : merged_(merged) {}

  void run(std::vector<Folder> folders) {
    count_asked(folders);
    for (Folder& folder : folders)
      for (Result& result : folder.results)
        results_.push_back(std::move(result));
    // Of results of the same seeds the one that has most comes first.
    std::stable_sort(results_.begin(), results_.end(), [](const Result& a, const Result& b) {
      if (a.range.first != b.range.first) return a.range.first < b.range.first;
      return a.shard.sums.seeds > b.shard.sums.seeds;
    });
    for (const Result& result : results_)
      take(result);
    std::vector<Sweep> seen;
    for (const Folder& folder : folders) {
      if (std::find(seen.begin(), seen.end(), folder.sweep) != seen.end()) continue;
      seen.push_back(folder.sweep);
      for (std::uint64_t shard = 0; shard < folder.sweep.shards; ++shard)
        look_for(folder.sweep, shard);
    }
  }

 private:
  void count_asked(const std::vector<Folder>& folders) {
    std::vector<SeedRange> ranges;
    for (const Folder& folder : folders)
      ranges.push_back({.first = folder.sweep.first_seed, .seeds = folder.sweep.seeds});
    std::sort(ranges.begin(), ranges.end(), [](const SeedRange& a, const SeedRange& b) {
      return a.first < b.first;
    });
    Wide counted = 0;
    for (const SeedRange& range : ranges) {
      const Wide from = std::max(counted, Wide{range.first});
      if (end_of(range) <= from) continue;
      merged_.asked += static_cast<std::uint64_t>(end_of(range) - from);
      counted = end_of(range);
    }
  }

  // Counts a result, unless some of its seeds are counted.
  void take(const Result& result) {
    const Sums& sums = result.shard.sums;
    if (sums.seeds == 0) return;
    if (last_ != nullptr && result.range.first < covered_) {
      merged_.overlapping.push_back(
          fmt::format("'{}' has seeds of '{}', which are counted there", result.path, last_->path));
      const bool same = result.range == last_->range && result.shard.finished;
      if (same && sums.digest != last_->shard.sums.digest) {
        merged_.contradictions.push_back(
            fmt::format("'{}' and '{}' are the same seeds, and came out differently",
                        last_->path,
                        result.path));
      }
      return;
    }
    last_ = &result;
    covered_ = Wide{result.range.first} + sums.seeds;
    counted_.push_back({.first = result.range.first, .seeds = sums.seeds});
    merged_.sums += sums;
    add(merged_.failures, result.shard.failures);
  }

  // How many seeds of a range are counted.
  std::uint64_t counted_of(const SeedRange& range) const {
    Wide sum = 0;
    for (const SeedRange& each : counted_) {
      const Wide from = std::max(Wide{range.first}, Wide{each.first});
      const Wide to = std::min(end_of(range), end_of(each));
      if (from < to) sum += to - from;
    }
    return static_cast<std::uint64_t>(sum);
  }

  void look_for(const Sweep& sweep, std::uint64_t shard) {
    const SeedRange range = range_of(sweep, shard);
    const std::uint64_t counted = counted_of(range);
    ++merged_.shards;
    if (counted == range.seeds) {
      ++merged_.shards_finished;
      return;
    }
    std::string text = fmt::format("shard {}/{} (seeds {} to {})",
                                   shard,
                                   sweep.shards,
                                   range.first,
                                   range.first + (range.seeds - 1));
    if (counted == 0) {
      merged_.missing.push_back(std::move(text));
    } else {
      merged_.unfinished.push_back(
          fmt::format("{}: {} of {} seeds", text, grouped(counted), grouped(range.seeds)));
    }
  }

  Merged& merged_;
  std::vector<Result> results_;
  std::vector<SeedRange> counted_;
  // Counted last, up to this seed.
  const Result* last_ = nullptr;
  Wide covered_ = 0;
};

// What is wrong, or nothing.
std::string write_reports(const MergeCommand& command, const Merged& merged) {
  std::string problem;
  if (!command.json.empty()) problem = write_file(command.json, to_json(merged, command.program));
  if (problem.empty() && !command.junit.empty()) {
    problem = write_file(command.junit, to_junit(merged, command.program));
  }
  if (problem.empty() && !command.markdown.empty()) {
    problem = append_file(command.markdown, to_markdown(merged, command.program));
  }
  return problem;
}

int usage(const std::string& problem) {
  std::fprintf(stderr, "holdfast-sim merge: %s\n", problem.c_str());
  return kExitUsage;
}

}  // namespace

tl::expected<Merged, std::string> merge(const std::vector<std::string>& paths) {
  Merged merged;
  std::vector<Folder> folders;
  for (const std::string& path : paths) {
    auto folder = load_folder(path, merged);
    if (!folder) return Error(folder.error());
    folders.push_back(std::move(*folder));
    const std::string problem = incomparable(folders.front(), folders.back());
    if (!problem.empty()) return Error(problem);
  }
  merged.sweep = folders.front().sweep;
  Merger(merged).run(std::move(folders));
  for (auto& [failure, group] : merged.failures)
    std::sort(group.examples.begin(), group.examples.end(), [](const auto& a, const auto& b) {
      return a.seed < b.seed;
    });
  return merged;
}

int exit_code_of(const Merged& merged) {
  int code = merged.contradictions.empty() ? kExitPassed : kExitNotDeterministic;
  for (const auto& [failure, group] : merged.failures)
    code = heavier_exit(code, group.exit_code);
  if (code != kExitPassed) return code;
  return merged.sums.seeds == merged.asked ? kExitPassed : kExitUnfinished;
}

std::vector<Story> stories_of(const std::vector<FailureExample>& examples) {
  std::vector<Story> stories;
  for (const FailureExample& example : examples) {
    const bool known = std::any_of(stories.begin(), stories.end(), [&](const Story& story) {
      return story.faults == example.faults;
    });
    if (example.shrunk && !known) stories.push_back({.faults = example.faults, .example = example});
  }
  if (stories.empty() && !examples.empty()) {
    stories.push_back({.faults = examples.front().faults, .example = examples.front()});
  }
  return stories;
}

int merge_command(const MergeCommand& command) {
  const auto merged = merge(command.folders);
  if (!merged) return usage(merged.error());
  fmt::print("{}", summary_text(*merged, command.program));
  if (command.annotate == Annotate::kYes) {
    fmt::print("{}", to_annotations(*merged, command.program));
  }
  std::fflush(stdout);
  const int code = exit_code_of(*merged);
  const std::string problem = write_reports(command, *merged);
  if (problem.empty()) return code;
  usage(problem);
  return code == kExitPassed ? kExitUsage : code;
}

}  // namespace holdfast::tools
