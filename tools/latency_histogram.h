#pragma once

// Counts of times, of which a percentile is known to 1.6 %: from a nanosecond to hours, in 30 kB.

#include <array>
#include <bit>
#include <cstdint>

#include "protocol/env/time.h"

namespace holdfast::tools {

class LatencyHistogram {
 public:
  void add(Duration time) {
    const auto ns = static_cast<std::uint64_t>(time.ns() > 0 ? time.ns() : 0);
    ++counts_[index_of(ns)];
    ++count_;
    max_ = ns > max_ ? ns : max_;
  }

  std::uint64_t count() const { return count_; }

  Duration max() const { return Duration::nanoseconds(static_cast<std::int64_t>(max_)); }

  // No less than so many thousandths of the times, rounded up to the end of their step.  Zero:
  // there are none.
  Duration percentile(std::uint64_t thousandths) const {
    if (count_ == 0) return Duration();
    const std::uint64_t wanted = (count_ * thousandths + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted && seen > 0) {
        const std::uint64_t upper = upper_of(i);
        return Duration::nanoseconds(static_cast<std::int64_t>(upper < max_ ? upper : max_));
      }
    }
    return max();
  }

 private:
  // Each power of two has so many steps.
  static constexpr unsigned kStepBits = 6;
  static constexpr std::uint64_t kSteps = 1u << kStepBits;

  static constexpr std::size_t index_of(std::uint64_t ns) {
    if (ns < kSteps) return ns;
    const unsigned power = static_cast<unsigned>(std::bit_width(ns)) - 1 - kStepBits;
    return (power + 1) * kSteps + (ns >> power) - kSteps;
  }

  static constexpr std::uint64_t upper_of(std::size_t index) {
    if (index < kSteps) return index;
    const std::size_t power = index / kSteps - 1;
    return ((index % kSteps + kSteps + 1) << power) - 1;
  }

  std::array<std::uint64_t, (64 - kStepBits + 1) * kSteps> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace holdfast::tools
