#pragma once

// What the loads on peers have in common: how they are told what to do, what is counted when, and
// the report, with the names that `holdfast bench` uses.

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

#include <sys/resource.h>
#include <time.h>

#include "tools/latency_histogram.h"

namespace holdfast::peers {

inline std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

template <typename Number>
Number number_of(const char* text) {
  Number value{};
  const char* const end = text + std::strlen(text);
  if (std::from_chars(text, end, value).ptr != end || end == text)
    fail(std::string(text) + " is no number");
  return value;
}

// A closed loop: so many operations are always under way.
struct Load {
  std::string host;
  std::uint16_t port = 0;
  std::size_t outstanding = 1;
  std::size_t connections = 1;
  std::size_t bytes = 100;
  double seconds = 1;
  // What ends between these counts.
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;

  static constexpr const char* kArguments =
      "HOST PORT OUTSTANDING CONNECTIONS BYTES SECONDS WARM-UP-SECONDS";
  static constexpr int kArgumentCount = 7;

  static Load of(char** arguments) {
    Load load{.host = arguments[0],
              .port = number_of<std::uint16_t>(arguments[1]),
              .outstanding = number_of<std::size_t>(arguments[2]),
              .connections = number_of<std::size_t>(arguments[3]),
              .bytes = number_of<std::size_t>(arguments[4])};
    const auto time = number_of<std::int64_t>(arguments[5]);
    load.seconds = static_cast<double>(time);
    if (load.connections < 1 || load.outstanding < load.connections) {
      fail("wants one for each connection");
    }
    load.from_ns = now_ns() + number_of<std::int64_t>(arguments[6]) * 1'000'000'000;
    load.to_ns = load.from_ns + time * 1'000'000'000;
    return load;
  }

  // How many of them are connection `number`'s, counted from 0.
  std::size_t share(std::size_t number) const {
    return outstanding / connections + (number < outstanding % connections ? 1 : 0);
  }
};

class Counted {
 public:
  explicit Counted(const Load& load) : load_(load) {}

  void ended(std::int64_t began_ns, bool ok) {
    const std::int64_t now = now_ns();
    if (now < load_.from_ns || now > load_.to_ns) return;
    if (ok) {
      latencies_.add(Duration::nanoseconds(now - began_ns));
    } else {
      ++errors_;
    }
  }

  // Calls `progress` until the load is over.  Returns an exit code.
  int run(const std::function<void()>& progress) {
    double processor = 0;
    bool began = false;
    while (now_ns() < load_.to_ns) {
      if (!began && now_ns() >= load_.from_ns) {
        began = true;
        processor = processor_seconds();
      }
      progress();
    }
    report(processor_seconds() - processor);
    return errors_ == 0 && latencies_.count() > 0 ? 0 : 1;
  }

 private:
  static double processor_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
  }

  double percentile_ms(std::uint64_t thousandths) const {
    return static_cast<double>(latencies_.percentile(thousandths).ns()) / 1e6;
  }

  void report(double processor) const {
    std::printf(
        "{\"loop\": \"closed\", \"connections\": %zu, \"bytes\": %zu, \"outstanding\": %zu, "
        "\"seconds\": %.3f, \"appends\": %llu, \"throughput\": %.1f, \"p50_ms\": %.3f, "
        "\"p90_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f, "
        "\"client_cpu_seconds\": %.3f, \"errors\": %llu}\n",
        load_.connections,
        load_.bytes,
        load_.outstanding,
        load_.seconds,
        static_cast<unsigned long long>(latencies_.count()),
        static_cast<double>(latencies_.count()) / load_.seconds,
        percentile_ms(500),
        percentile_ms(900),
        percentile_ms(990),
        percentile_ms(999),
        static_cast<double>(latencies_.max().ns()) / 1e6,
        processor,
        static_cast<unsigned long long>(errors_));
  }

  const Load& load_;
  tools::LatencyHistogram latencies_;
  std::uint64_t errors_ = 0;
};

}  // namespace holdfast::peers
