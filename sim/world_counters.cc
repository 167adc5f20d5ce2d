#include "sim/world_counters.h"

#include <string_view>

#include "protocol/env/check.h"

#include "sim/observer.h"

namespace holdfast::sim {
namespace {

template <typename Table>
void add_all(Table& sums, const Table& more) {
  for (std::size_t i = 0; i < sums.size(); ++i)
    sums[i] += more[i];
}

void add(NetworkCounters& sums, const NetworkCounters& more) {
  sums.sent += more.sent;
  sums.delivered += more.delivered;
  sums.lost += more.lost;
  sums.cut += more.cut;
  sums.overflowed += more.overflowed;
  sums.duplicated += more.duplicated;
  sums.corrupted += more.corrupted;
  sums.tails += more.tails;
  sums.clogged += more.clogged;
  sums.held += more.held;
  sums.released += more.released;
}

}  // namespace

WorldCounters& WorldCounters::operator+=(const WorldCounters& other) {
  events += other.events;
  steps += other.steps;
  trace_events += other.trace_events;
  boots += other.boots;
  crashes += other.crashes;
  stops += other.stops;
  receiver_down += other.receiver_down;
  add(network, other.network);
  add_all(injected, other.injected);
  add_all(skipped_by_budget, other.skipped_by_budget);
  add_all(skipped_for_target, other.skipped_for_target);
  add_all(disk_faults, other.disk_faults);
  return *this;
}

}  // namespace holdfast::sim
