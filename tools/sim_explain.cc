#include "tools/sim_explain.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "scenarios/plan_items.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using scenarios::RunPlan;

// How often chance is drawn anew for one figure.
constexpr std::uint64_t kSamples = 20;
// Rows of the table over time.
constexpr std::size_t kMoments = 6;
// What a run that fails at an event of a higher number was made of is too much to take apart.
constexpr std::uint64_t kEventsMax = 20'000;

RunPlan rekeyed(RunPlan plan, Duration at, std::uint64_t seed) {
  plan.world.rekey_at = std::max(at, Duration::nanoseconds(1));
  plan.world.rekey_seed = seed;
  return plan;
}

// A run that passes, and how it came about.
struct Passing {
  RunPlan plan;
  std::string how;
};

class Explanation {
 public:
  Explanation(const RunPlan& plan, const FailureName& name, Laboratory& laboratory)
      : plan_(plan),
        name_(name),
        laboratory_(laboratory) {}

  std::string text() {
    needs();
    if (!laboratory_.stopped()) moments();
    if (!laboratory_.stopped()) nearest();
    return std::move(text_);
  }

 private:
  // Of kSamples runs of `plan` with chance drawn anew from `at`; none: no time.  One that passes is
  // kept as `passing`.
  std::optional<std::uint64_t> failures(const RunPlan& plan,
                                        Duration at,
                                        std::optional<RunPlan>* passing = nullptr) {
    std::vector<RunPlan> plans;
    for (std::uint64_t seed = 1; seed <= kSamples; ++seed)
      plans.push_back(rekeyed(plan, at, seed));
    const auto records = laboratory_.play_all(plans, Laboratory::Until::kViolation);
    if (records.size() < plans.size()) return std::nullopt;
    std::uint64_t failed = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (name_of(records[i]) == name_) {
        ++failed;
      } else if (passing != nullptr && !*passing && !name_of(records[i])) {
        *passing = plans[i];
      }
    }
    return failed;
  }

  void needs() {
    const auto whole = failures(plan_, Duration());
    if (!whole) return;
    text_ += fmt::format(
        "what it needs: of {} runs with other chance {} fail in the same way\n", kSamples, *whole);
    const std::vector<std::string> items = item_lines(plan_);
    for (std::size_t i = 0; i < items.size(); ++i) {
      RunPlan less = plan_;
      scenarios::erase_items(less, i, i + 1);
      without(less, "without " + items[i]);
    }
    for (const auto& [name, value] : scenarios::list_unusual_settings(plan_)) {
      RunPlan usual = plan_;
      scenarios::reset_setting(usual, name);
      without(usual, fmt::format("with {} at its default instead of {}", name, value));
    }
  }

  void without(const RunPlan& less, const std::string& what) {
    if (!validate(less).empty()) return;
    const auto failed = failures(less, Duration());
    if (!failed) return;
    text_ += fmt::format(
        "  {:>2} of {}  {}{}\n", *failed, kSamples, what, *failed == 0 ? ": necessary" : "");
    passing_.push_back({less, what});
  }

  // How likely the failure is when chance is drawn anew from the time of an event on.
  void moments() {
    const auto played = laboratory_.play(plan_, Laboratory::Until::kViolationTold);
    if (!played || !played->crash.empty()) return;
    const auto point = failure_point(*played);
    if (!point || point->event > kEventsMax) return;
    told_ = split_lines(played->telling);
    times_ = times_of(told_);
    if (times_.empty()) return;
    text_ += "when it was decided: failures when chance is drawn anew from a moment on\n";
    std::size_t surely = times_.size();
    std::size_t perhaps = 0;
    for (std::size_t i = 0; i < kMoments; ++i) {
      const std::size_t at = i * (times_.size() - 1) / (kMoments - 1);
      const auto failed = failures_from(at);
      if (!failed) return;
      text_ +=
          fmt::format("  {:>2} of {}  from {}\n", *failed, kSamples, seconds_text(times_[at].ns()));
      if (*failed == kSamples) {
        surely = std::min(surely, at);
      } else {
        perhaps = at;
        surely = times_.size();
      }
    }
    decide(perhaps, surely);
  }

  std::optional<std::uint64_t> failures_from(std::size_t at) {
    std::optional<RunPlan> passing;
    const auto failed = failures(plan_, times_[at], &passing);
    if (passing) {
      passing_.push_back({*passing,
                          fmt::format("chance drawn anew from {} (rekey.seed {})",
                                      seconds_text(times_[at].ns()),
                                      passing->world.rekey_seed)});
    }
    return failed;
  }

  // Between a moment from which it may pass and one from which it never did.
  void decide(std::size_t perhaps, std::size_t surely) {
    if (surely == 0) {
      text_ += "  chance has no part in it: faults and operations alone decide\n";
      return;
    }
    if (surely == times_.size()) {
      text_ += "  it is never certain: chance decides up to the end\n";
      return;
    }
    while (surely - perhaps > 1) {
      const std::size_t middle = perhaps + (surely - perhaps) / 2;
      const auto failed = failures_from(middle);
      if (!failed) return;
      (*failed == kSamples ? surely : perhaps) = middle;
    }
    // Draws from a moment on are those of its own events: what is settled is what came before.
    text_ += "  inevitable from here on:\n  " + line_at(times_[perhaps]) + "\n";
  }

  // The last line of the story at that time.
  std::string line_at(Duration time) const {
    std::string found;
    for (const std::string& line : told_)
      if (time_of(line) == time) found = line;
    return found;
  }

  static std::optional<Duration> time_of(const std::string& line) {
    double seconds = 0;
    if (std::sscanf(line.c_str(), " %lfs", &seconds) != 1) return std::nullopt;
    return Duration::microseconds(static_cast<std::int64_t>(seconds * 1e6 + 0.5));
  }

  // A line without its time: that things happen later is no difference yet.
  static std::string_view what_of(const std::string& line) {
    const std::size_t end = line.find('s');
    return std::string_view(line).substr(end == std::string::npos ? 0 : end + 1);
  }

  static std::vector<Duration> times_of(const std::vector<std::string>& lines) {
    std::set<std::int64_t> times;
    for (const std::string& line : lines)
      if (const auto time = time_of(line)) times.insert(time->ns());
    std::vector<Duration> all;
    for (const std::int64_t ns : times)
      all.push_back(Duration::nanoseconds(ns));
    return all;
  }

  // Of the runs that passed the one that is the same for longest.
  void nearest() {
    if (told_.empty() || passing_.empty()) return;
    std::vector<RunPlan> plans;
    for (const Passing& each : passing_)
      plans.push_back(each.plan);
    const auto records = laboratory_.play_all(plans, Laboratory::Until::kViolationTold);
    std::size_t best = records.size();
    std::size_t longest = 0;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (records[i].failed()) continue;
      std::vector<std::string> other = split_lines(records[i].telling);
      const auto parting =
          std::ranges::mismatch(told_, other, {}, what_of, what_of).in1 - told_.begin();
      if (best != records.size() && static_cast<std::size_t>(parting) <= longest) continue;
      best = i;
      longest = static_cast<std::size_t>(parting);
      lines = std::move(other);
    }
    if (best == records.size()) return;
    text_ += "the nearest run that passes: " + passing_[best].how + "\n";
    const auto at = [&](const std::vector<std::string>& all) {
      return longest < all.size() ? all[longest] : std::string("  (its end)");
    };
    text_ += "  fails: " + at(told_) + "\n  passes:" + at(lines) + "\n";
  }

  const RunPlan& plan_;
  const FailureName& name_;
  Laboratory& laboratory_;
  std::string text_;
  std::vector<std::string> told_;
  std::vector<Duration> times_;
  std::vector<Passing> passing_;
};

}  // namespace

std::string explain(const RunPlan& plan, const FailureName& name, Laboratory& laboratory) {
  return Explanation(plan, name, laboratory).text();
}

}  // namespace holdfast::tools
