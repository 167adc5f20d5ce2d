#include "sim/sim_network.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "sim/keyed_random.h"

namespace holdfast::sim {
namespace {

// Longer than any run; keeps sums of drawn delays far from the end of the clock.
constexpr Duration kLongestTravel = Duration::seconds(86'400);

Duration clamp_travel(Duration travel) {
  return std::min(travel, kLongestTravel);
}

}  // namespace

SimNetwork::SimNetwork(const NetworkOptions& options, std::uint64_t seed) : options_(options) {
  rekey(seed);
  const KeyedRandom network = KeyedRandom(seed).at("network");
  std::uint64_t number = 0;
  for (Link& each : links_) {
    const KeyedRandom key = network.at(number++);
    each.keys.bias = uniform(key.draw(8), Duration(), options.link_bias_max);
  }
}

void SimNetwork::rekey(std::uint64_t seed) {
  const KeyedRandom network = KeyedRandom(seed).at("network");
  std::uint64_t number = 0;
  for (Link& each : links_) {
    const KeyedRandom key = network.at(number++);
    each.keys.delay = key.draw(1);
    each.keys.tail = key.draw(2);
    each.keys.trouble = {key.draw(3), key.draw(4), key.draw(5)};
    each.keys.duplicate_delay = key.draw(6);
    each.keys.release = key.draw(7);
  }
}

bool SimNetwork::strikes(const Link& on,
                         Trouble trouble,
                         std::uint64_t frame,
                         std::int64_t base_ppm) const {
  const auto which = static_cast<std::size_t>(trouble);
  const std::int64_t ppm = base_ppm + on.burst_ppm[which];
  return ppm > 0 && chance(mix(on.keys.trouble[which], frame), ppm);
}

Duration SimNetwork::travel_time(const Link& on, std::uint64_t frame, Instant now) {
  const std::int64_t spread = options_.delay_spread.ns();
  const std::uint64_t drawn =
      below(mix(on.keys.delay, frame), static_cast<std::uint64_t>(spread) + 1);
  Duration travel = options_.delay_base + Duration::nanoseconds(static_cast<std::int64_t>(drawn));
  if (on.healed) return travel;
  travel = travel + on.keys.bias;
  if (options_.tail_ppm > 0) {
    const std::uint64_t tail = mix(on.keys.tail, frame);
    if (chance(tail, options_.tail_ppm)) {
      ++counters_.tails;
      const auto more = static_cast<std::int64_t>(std::countr_zero(mix(tail, 1) | 1ull << 62));
      const std::int64_t doublings = std::min(more + 1, options_.tail_doublings_max);
      travel = clamp_travel(travel) * (std::int64_t{1} << doublings);
    }
  }
  if (on.clogs > 0) {
    ++counters_.clogged;
    travel = travel + (now - on.clogged_since) / 100 * on.clog_percent;
  }
  return travel;
}

Instant SimNetwork::arrival(Link& on, Instant at) const {
  if (options_.in_order == 0) return at;
  on.last_arrival = std::max(at, on.last_arrival + Duration::nanoseconds(1));
  return on.last_arrival;
}

SimNetwork::Fate SimNetwork::send(NodeId from, NodeId to, Instant now) {
  Link& on = link(from, to);
  const std::uint64_t frame = on.frames++;
  ++counters_.sent;
  Fate fate;
  if (on.cuts > 0) {
    ++counters_.cut;
    fate.loss = Fate::Loss::kCut;
    return fate;
  }
  if (!on.healed) {
    if (strikes(on, Trouble::kLoss, frame, options_.loss_ppm)) {
      ++counters_.lost;
      fate.loss = Fate::Loss::kLost;
      return fate;
    }
    if (on.in_flight >= static_cast<std::uint64_t>(options_.queue_frames)) {
      ++counters_.overflowed;
      fate.loss = Fate::Loss::kOverflowed;
      return fate;
    }
    if (strikes(on, Trouble::kCorrupt, frame, options_.corrupt_ppm)) {
      ++counters_.corrupted;
      fate.damage = mix(on.keys.trouble[static_cast<std::size_t>(Trouble::kCorrupt)], ~frame) | 1;
    }
  }
  const Duration travel = clamp_travel(travel_time(on, frame, now));
  const auto tie_break = static_cast<std::uint32_t>(mix(on.keys.delay, ~frame));
  fate.copies = 1;
  fate.copy[0] = {arrival(on, now + travel), tie_break};
  if (!on.healed && strikes(on, Trouble::kDuplicate, frame, options_.duplicate_ppm)) {
    ++counters_.duplicated;
    fate.copies = 2;
    const Duration later =
        uniform(mix(on.keys.duplicate_delay, frame), Duration(), options_.duplicate_delay_max);
    fate.copy[1] = {arrival(on, now + clamp_travel(travel + later)), ~tie_break};
  }
  on.in_flight += fate.copies;
  return fate;
}

SimNetwork::Arrival SimNetwork::arrive(NodeId from, NodeId to, Frame& frame) {
  Link& on = link(from, to);
  HOLDFAST_CHECK(on.in_flight > 0, from, to);
  if (on.cuts > 0) {
    ++counters_.cut;
    --on.in_flight;
    return Arrival::kCut;
  }
  if (on.freezes > 0) {
    ++counters_.held;
    on.held.push_back(std::move(frame));
    return Arrival::kHeld;
  }
  ++counters_.delivered;
  --on.in_flight;
  return Arrival::kDelivered;
}

void SimNetwork::cut(LinkSet links) {
  for_each_link(links, [&](NodeId from, NodeId to) {
    if (!link(from, to).healed) ++link(from, to).cuts;
  });
}

void SimNetwork::mend(LinkSet links) {
  for_each_link(links, [&](NodeId from, NodeId to) {
    Link& on = link(from, to);
    if (on.healed) return;
    HOLDFAST_REQUIRE(on.cuts > 0, from, to);
    --on.cuts;
  });
}

void SimNetwork::freeze(LinkSet links) {
  for_each_link(links, [&](NodeId from, NodeId to) {
    if (!link(from, to).healed) ++link(from, to).freezes;
  });
}

std::vector<SimNetwork::Released> SimNetwork::thaw(LinkSet links, Instant now) {
  std::vector<Released> out;
  for_each_link(links, [&](NodeId from, NodeId to) {
    Link& on = link(from, to);
    if (on.healed) return;
    HOLDFAST_REQUIRE(on.freezes > 0, from, to);
    if (--on.freezes == 0) release(from, to, now, out);
  });
  return out;
}

void SimNetwork::release(NodeId from, NodeId to, Instant now, std::vector<Released>& out) {
  Link& on = link(from, to);
  const KeyedRandom key = KeyedRandom(on.keys.release).at(on.releases++);
  const auto count = static_cast<std::int64_t>(on.held.size());
  const Duration spread = options_.release_spread;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    const Duration after = options_.release_shuffled != 0
                               ? uniform(key.draw(number), Duration(), spread)
                               : spread / count * i;
    // In order also where the spread is too short to tell frames apart.
    const std::uint32_t tie_break = options_.release_shuffled != 0
                                        ? static_cast<std::uint32_t>(key.draw(~number))
                                        : static_cast<std::uint32_t>(i);
    out.push_back({from, to, now + after, tie_break, std::move(on.held[number])});
  }
  counters_.released += on.held.size();
  on.held.clear();
}

void SimNetwork::clog(LinkSet links, Instant now, std::int64_t percent) {
  for_each_link(links, [&](NodeId from, NodeId to) {
    Link& on = link(from, to);
    if (on.clogs++ == 0) on.clogged_since = now;
    on.clog_percent = std::max(on.clog_percent, percent);
  });
}

void SimNetwork::unclog(LinkSet links) {
  for_each_link(links, [&](NodeId from, NodeId to) {
    Link& on = link(from, to);
    HOLDFAST_REQUIRE(on.clogs > 0, from, to);
    if (--on.clogs == 0) on.clog_percent = 0;
  });
}

void SimNetwork::raise(Trouble trouble, LinkSet links, std::int64_t ppm) {
  for_each_link(links, [&](NodeId from, NodeId to) {
    std::int64_t& burst = link(from, to).burst_ppm[static_cast<std::size_t>(trouble)];
    burst += ppm;
    HOLDFAST_REQUIRE(burst >= 0, burst);
  });
}

std::vector<SimNetwork::Released> SimNetwork::heal(LinkSet links, Instant now) {
  std::vector<Released> out;
  for_each_link(links, [&](NodeId from, NodeId to) {
    Link& on = link(from, to);
    on.healed = true;
    on.cuts = 0;
    on.freezes = 0;
    release(from, to, now, out);
  });
  return out;
}

Frame damaged(const Frame& frame, std::uint64_t key) {
  const KeyedRandom random = KeyedRandom(key);
  auto bytes = std::make_shared<std::string>(*frame);
  const std::uint64_t how = below(random.draw(1), 8);
  if (how == 0 || bytes->empty()) {
    bytes->push_back(static_cast<char>(random.draw(2)));
    return bytes;
  }
  if (how == 1) {
    bytes->resize(below(random.draw(2), bytes->size()));
    return bytes;
  }
  // Distinct bytes would be needed to rule out that flips undo each other; one bit each in
  // different places of the byte order does it: flips at rising offsets.
  std::uint64_t offset = below(random.draw(3), bytes->size());
  const std::uint64_t flips = 1 + below(random.draw(4), 3);
  for (std::uint64_t i = 0; i < flips && offset < bytes->size(); ++i) {
    (*bytes)[offset] ^= static_cast<char>(1u << below(random.draw(5 + 2 * i), 8));
    offset += 1 + below(random.draw(6 + 2 * i), 32);
  }
  return bytes;
}

}  // namespace holdfast::sim
