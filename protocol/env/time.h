#pragma once

// Instants and durations as a node's clock measures them: whole nanoseconds in distinct types, so
// that a bare number can never be mistaken for a time.

#include <compare>
#include <cstdint>
#include <limits>

namespace holdfast {

// A length of time.  Unit: nanoseconds.  Range: about 292 years either way.
class Duration {
 public:
  constexpr Duration() = default;

  static constexpr Duration nanoseconds(std::int64_t n) { return Duration(n); }

  static constexpr Duration microseconds(std::int64_t n) { return Duration(n * 1'000); }

  static constexpr Duration milliseconds(std::int64_t n) { return Duration(n * 1'000'000); }

  static constexpr Duration seconds(std::int64_t n) { return Duration(n * 1'000'000'000); }

  static constexpr Duration max() { return Duration(std::numeric_limits<std::int64_t>::max()); }

  constexpr std::int64_t ns() const { return ns_; }

  constexpr auto operator<=>(const Duration&) const = default;

  constexpr Duration operator+(Duration other) const { return Duration(ns_ + other.ns_); }

  constexpr Duration operator-(Duration other) const { return Duration(ns_ - other.ns_); }

  constexpr Duration operator*(std::int64_t factor) const { return Duration(ns_ * factor); }

  constexpr Duration operator/(std::int64_t divisor) const { return Duration(ns_ / divisor); }

 private:
  explicit constexpr Duration(std::int64_t n) : ns_(n) {}

  std::int64_t ns_ = 0;
};

// A point in time of one clock.  Instants of different nodes' clocks do not compare.
class Instant {
 public:
  constexpr Instant() = default;

  static constexpr Instant at(std::int64_t ns) { return Instant(ns); }

  // Later than every instant a clock will ever show: "never".
  static constexpr Instant never() { return Instant(std::numeric_limits<std::int64_t>::max()); }

  // Nanoseconds since the clock's own, unspecified origin.
  constexpr std::int64_t ns() const { return ns_; }

  constexpr auto operator<=>(const Instant&) const = default;

  // Saturates at never().  Requires: `d` is not negative.
  constexpr Instant operator+(Duration d) const {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(ns_, d.ns(), &sum)) return never();
    return Instant(sum);
  }

  constexpr Duration operator-(Instant other) const {
    return Duration::nanoseconds(ns_ - other.ns_);
  }

 private:
  explicit constexpr Instant(std::int64_t n) : ns_(n) {}

  std::int64_t ns_ = 0;
};

}  // namespace holdfast
