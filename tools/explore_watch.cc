#include "tools/explore_watch.h"

#include <chrono>
#include <cstdio>

#include <unistd.h>

#include "tools/sim_interrupt.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace

ExploreWatch::ExploreWatch(std::string name, Limits limits)
    : name_(std::move(name)),
      limits_(limits),
      on_terminal_(::isatty(STDERR_FILENO) == 1),
      began_ns_(now_ns()),
      next_ns_(began_ns_ + 2 * kSecond) {}

ExploreWatch::~ExploreWatch() {
  if (shown_) std::fprintf(stderr, "\r\033[K");
}

std::int64_t ExploreWatch::real_ns() const {
  return now_ns() - began_ns_;
}

bool ExploreWatch::go_on(const explore::Progress& progress) {
  const std::int64_t now = now_ns();
  if (on_terminal_ && now >= next_ns_) show(progress, now);
  if (interrupt_signal() != 0) stopped_by_ = "interrupted";
  if (limits_.real_ns > 0 && now - began_ns_ > limits_.real_ns) stopped_by_ = "the time is up";
  if (limits_.bytes > 0 && progress.bytes > limits_.bytes) stopped_by_ = "the memory is used up";
  return stopped_by_.empty();
}

void ExploreWatch::show(const explore::Progress& progress, std::int64_t now) {
  next_ns_ = now + kSecond / 2;
  shown_ = true;
  const double rate = ratio_of(static_cast<double>(progress.transitions), now - began_ns_) * 1e9;
  std::fprintf(stderr,
               "\r\033[K%s: %s states, %s to expand, depth %s, %s transitions/s, %s MB",
               name_.c_str(),
               grouped(progress.states).c_str(),
               grouped(progress.states - progress.expanded).c_str(),
               grouped(progress.depth).c_str(),
               grouped(static_cast<std::uint64_t>(rate)).c_str(),
               grouped(progress.bytes / 1'000'000).c_str());
}

}  // namespace holdfast::tools
