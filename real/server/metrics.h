#pragma once

// What a member counts and measures, as Prometheus reads it.  docs/operations.md lists the names.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/env/disk.h"
#include "protocol/env/time.h"

#include "real/client/messages.h"
#include "real/ports/member_network.h"
#include "real/ports/trace_ring.h"

namespace holdfast::real {

// What is so at the moment of a scrape.
struct MetricsMoment {
  MemberStatus status;
  NetworkCounters network;
  std::uint64_t clients_refused = 0;
  std::size_t requests_waiting = 0;
  std::size_t jobs_pending = 0;
  std::uint64_t disk_free_bytes = 0;
  bool disk_is_low = false;
};

// Belongs to the loop's thread.
class Metrics {
 public:
  Metrics(std::string_view cluster, NodeId member);
  ~Metrics();

  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // A client's request was answered; `kind` is its Request::body.index().
  void answered(std::size_t kind, const Response& response, Duration took);

  // A job of the disk ended: how long it waited for its thread, and how long it ran.
  void job_ended(Lane lane, Duration waited, Duration ran);

  // Counts what the member records, and measures its elections.
  void on_event(const TracedEvent& event);

  // In the text format of Prometheus, version 0.0.4.
  std::string text(const MetricsMoment& now) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::real
