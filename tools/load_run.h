#pragma once

// A load of appends on a running cluster, and how long each took.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "real/client/append_stream.h"

#include "tools/latency_histogram.h"

namespace holdfast::tools {

struct LoadOptions {
  real::ClientOptions client;
  // Of each append.
  Duration patience = Duration::seconds(10);
  std::size_t connections = 1;
  // Of each entry.
  std::size_t bytes = 100;
  // Not counted, then counted.
  Duration warm_up = Duration::seconds(1);
  Duration time = Duration::seconds(10);
  // Closed loop: whenever one is done, the next is sent; so many are under way in all.
  std::size_t outstanding = 64;
  // Open loop, if not 0: so many a second, at even times, whatever becomes of those before.  A time
  // is counted from when it was due, so that what had to wait to be sent counts as well.
  std::uint64_t rate = 0;
};

struct LoadResult {
  Duration time;
  // Acknowledged; of a closed loop within the time, of an open one of those that were due in it.
  LatencyHistogram latencies;
  // By the word of the error.
  std::map<std::string, std::uint64_t> errors;
  // Of this process, while it was counted.
  Duration processor;
  // The open loop was ended because too many were under way: the cluster is slower than the rate.
  bool overloaded = false;

  // Acknowledged in a second.
  double throughput() const;
};

class LoadRun {
 public:
  explicit LoadRun(LoadOptions options);

  // `go_on`: called a few times a second; false ends it early.
  LoadResult run(const std::function<bool(const LoadResult& so_far)>& go_on);

 private:
  void append(real::AppendStream& stream, Instant due);
  void append_due(Instant now);
  void wait(Instant until);
  void take(Instant due, const real::ClientResult<Position>& result);
  std::size_t under_way() const;

  LoadOptions options_;
  std::vector<std::unique_ptr<real::AppendStream>> streams_;
  std::uint64_t client_ = 0;
  std::uint64_t sequence_ = 0;
  Instant from_;
  Instant to_;
  // Open loop.
  Instant began_;
  std::uint64_t sent_ = 0;
  bool ending_ = false;
  LoadResult result_;
};

}  // namespace holdfast::tools
