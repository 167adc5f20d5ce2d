#include "tools/explore_watch.h"

#include <chrono>

#include <fmt/format.h>

#include "tools/sim_interrupt.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace

ExploreWatch::ExploreWatch(std::string name, Limits limits)
    : name_(std::move(name)),
      limits_(limits),
      began_ns_(now_ns()) {}

std::int64_t ExploreWatch::real_ns() const {
  return now_ns() - began_ns_;
}

bool ExploreWatch::go_on(const explore::Progress& progress) {
  const std::int64_t now = now_ns();
  if (line_.is_due()) show(progress, now);
  if (interrupt_signal() != 0) stopped_by_ = "interrupted";
  if (limits_.real_ns > 0 && now - began_ns_ > limits_.real_ns) stopped_by_ = "the time is up";
  if (limits_.bytes > 0 && progress.bytes > limits_.bytes) stopped_by_ = "the memory is used up";
  return stopped_by_.empty();
}

void ExploreWatch::show(const explore::Progress& progress, std::int64_t now) {
  const double rate = ratio_of(static_cast<double>(progress.transitions), now - began_ns_) * 1e9;
  line_.show(fmt::format("{}: {} states, {} to expand, depth {}, {} transitions/s, {} MB",
                         name_,
                         grouped(progress.states),
                         grouped(progress.states - progress.expanded),
                         grouped(progress.depth),
                         grouped(static_cast<std::uint64_t>(rate)),
                         grouped(progress.bytes / 1'000'000)));
}

}  // namespace holdfast::tools
