#pragma once

// The list of all knobs of WorldOptions, once.

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "sim/options.h"

namespace holdfast::sim {

// Every knob is an integer behind its type.
template <typename Field>
std::int64_t load_knob(const Field& field) {
  if constexpr (std::is_same_v<Field, Duration>) {
    return field.ns();
  } else {
    return static_cast<std::int64_t>(field);
  }
}

template <typename Field>
void store_knob(Field& field, std::int64_t value) {
  if constexpr (std::is_same_v<Field, Duration>) {
    field = Duration::nanoseconds(value);
  } else {
    field = static_cast<Field>(value);
  }
}

inline constexpr std::array<std::string_view, 2> kProfileNames{"default", "beyond"};
inline constexpr std::array<std::string_view, 4> kStyleNames{
    "uniform", "frozen", "phases", "mixed"};
inline constexpr std::array<std::string_view, 2> kDirectoryNames{"strict", "journaled"};

namespace internal {

inline constexpr std::int64_t kDay = 86'400'000'000'000;
inline constexpr std::int64_t kMany = 1'000'000'000;

constexpr Knob count(std::string_view name,
                     std::int64_t min,
                     std::int64_t max,
                     std::string_view help) {
  return {name, KnobUnit::kCount, min, max, help, {}};
}

constexpr Knob ppm(std::string_view name, std::string_view help) {
  return {name, KnobUnit::kPpm, 0, 1'000'000, help, {}};
}

constexpr Knob time(std::string_view name, std::int64_t min, std::string_view help) {
  return {name, KnobUnit::kTime, min, 1000 * kDay, help, {}};
}

constexpr Knob choice(std::string_view name,
                      std::span<const std::string_view> names,
                      std::string_view help) {
  return {name, KnobUnit::kName, 0, static_cast<std::int64_t>(names.size()) - 1, help, names};
}

template <typename Options, typename Visit>
void visit_run(Options& o, Visit& visit) {
  visit(Knob{"seed",
             KnobUnit::kSeed,
             std::numeric_limits<std::int64_t>::min(),
             std::numeric_limits<std::int64_t>::max(),
             "keys every draw of the run",
             {}},
        o.seed);
  visit(time("rekey.at", 0, "from then on draws are keyed by another seed; 0s: never"), o.rekey_at);
  visit(Knob{"rekey.seed",
             KnobUnit::kSeed,
             std::numeric_limits<std::int64_t>::min(),
             std::numeric_limits<std::int64_t>::max(),
             "that other seed",
             {}},
        o.rekey_seed);
  visit(count("nodes", 1, 7, "members of the cluster"), o.nodes);
  visit(count("quorum", 1, 7, "how many make a quorum; bounds how many disks may be lost"),
        o.quorum);
  visit(choice("profile", kProfileNames, "whether the fault budget holds"), o.profile);
  visit(time("length", 1, "how long faults keep beginning"), o.length);
  visit(time("restart_min", 0, "a node that stopped by itself starts again after at least"),
        o.restart_min);
  visit(time("restart_max", 0, "and after at most"), o.restart_max);
  visit(count("down_max", 0, kMaxNodes, "nodes that faults may keep down at once"), o.down_max);
  visit(count("broken_disks_max", 0, kMaxNodes, "disks that may fail or be full at once"),
        o.broken_disks_max);
}

template <typename Options, typename Visit>
void visit_network(Options& o, Visit& visit) {
  visit(time("network.delay_base", 0, "least time a frame travels"), o.delay_base);
  visit(time("network.delay_spread", 0, "and up to this much more"), o.delay_spread);
  visit(time("network.link_bias_max", 0, "each directed link adds a fixed delay up to this"),
        o.link_bias_max);
  visit(ppm("network.tail", "share of frames that travel much longer"), o.tail_ppm);
  visit(count("network.tail_doublings_max", 1, 20, "how often their delay doubles at most"),
        o.tail_doublings_max);
  visit(ppm("network.loss", "share of frames lost"), o.loss_ppm);
  visit(ppm("network.duplicate", "share of frames delivered twice"), o.duplicate_ppm);
  visit(time("network.duplicate_delay_max", 0, "how much later the second copy comes at most"),
        o.duplicate_delay_max);
  visit(ppm("network.corrupt", "share of frames with damaged bytes"), o.corrupt_ppm);
  visit(count("network.queue_frames", 1, kMany, "frames in flight on a link before it drops more"),
        o.queue_frames);
  visit(count("network.in_order", 0, 1, "1: a link never reorders"), o.in_order);
  visit(count("network.release_shuffled", 0, 1, "1: held frames leave in a drawn order"),
        o.release_shuffled);
  visit(time("network.release_spread", 0, "time over which held frames leave"), o.release_spread);
}

template <typename Lane, typename Visit>
void visit_lane(Lane& lane, const std::array<std::string_view, 4>& names, Visit& visit) {
  visit(time(names[0], 0, "least time of a job"), lane.base);
  visit(time(names[1], 0, "and up to this much more"), lane.spread);
  visit(ppm(names[2], "share of jobs that take much longer"), lane.tail_per_million);
  visit(count(names[3], 0, 30, "how often their time doubles at most"), lane.tail_doublings_max);
}

template <typename Options, typename Visit>
void visit_disk(Options& o, Visit& visit) {
  visit(choice("disk.directories", kDirectoryNames, "when directory entries are durable"),
        o.directories);
  visit_lane(o.commit,
             {"disk.commit.base",
              "disk.commit.spread",
              "disk.commit.tail",
              "disk.commit.tail_doublings_max"},
             visit);
  visit_lane(
      o.bulk,
      {"disk.bulk.base", "disk.bulk.spread", "disk.bulk.tail", "disk.bulk.tail_doublings_max"},
      visit);
  visit(ppm("disk.open_errors", "share of file opens that fail, always"), o.errors_per_million[0]);
  visit(ppm("disk.read_errors", "share of reads that fail, always"), o.errors_per_million[1]);
  visit(ppm("disk.write_errors", "share of appends that fail, always"), o.errors_per_million[2]);
  visit(ppm("disk.sync_errors", "share of syncs that fail, always"), o.errors_per_million[3]);
  visit(ppm("disk.directory_errors", "share of directory changes that fail, always"),
        o.errors_per_million[4]);
  visit(count("disk.log_padding", 0, kMany, "zeros written ahead of LevelDB's logs; 0: none"),
        o.log_padding);
}

template <typename Options, typename Visit>
void visit_schedule(Options& o, Visit& visit) {
  visit(choice("schedule.style", kStyleNames, "how faults are arranged"), o.style);
  visit(time("schedule.cuts_every", 0, "mean time between cuts and splits; 0s: none"),
        o.cuts_every);
  visit(time("schedule.freezes_every", 0, "between freezes; 0s: none"), o.freezes_every);
  visit(time("schedule.clogs_every", 0, "between clogs; 0s: none"), o.clogs_every);
  visit(time("schedule.bursts_every", 0, "between bursts of loss, copies, damage; 0s: none"),
        o.bursts_every);
  visit(time("schedule.crashes_every", 0, "between crashes; 0s: none"), o.crashes_every);
  visit(time("schedule.pauses_every", 0, "between pauses and slow spells; 0s: none"),
        o.pauses_every);
  visit(time("schedule.clocks_every", 0, "between drifts and jumps; 0s: none"), o.clocks_every);
  visit(time("schedule.disks_every", 0, "between disk faults; 0s: none"), o.disks_every);
  visit(time("schedule.wipes_every", 0, "between wipes; 0s: none"), o.wipes_every);
  visit(time("schedule.beyond_every", 0, "between faults beyond the budget; 0s: none"),
        o.beyond_every);
  visit(time("schedule.fault_length_min", 1, "a fault lasts at least"), o.fault_length_min);
  visit(time("schedule.fault_length_max", 1, "and at most"), o.fault_length_max);
  visit(ppm("schedule.role", "share of faults aimed at a role"), o.role_ppm);
  visit(ppm("schedule.step_cut", "share of crashes that cut off a step's requests"),
        o.step_cut_ppm);
  visit(time("schedule.phase_length", 1000, "mean length of a phase"), o.phase_length);
  visit(ppm("schedule.phase_links", "share of links held in a phase"), o.phase_links_ppm);
}

}  // namespace internal

// Calls visit(const Knob&, field&) for every knob, always in the same order.
template <typename Options, typename Visit>
void visit_knobs(Options& options, Visit&& visit) {
  internal::visit_run(options, visit);
  internal::visit_network(options.network, visit);
  visit(internal::time("clock.origin_max", 0, "what a clock shows at boot, at most"),
        options.clock.origin_max);
  visit(Knob{"clock.drift_max", KnobUnit::kPpm, 0, 200'000, "each clock gains or loses up to", {}},
        options.clock.drift_max_ppm);
  internal::visit_disk(options.disk, visit);
  internal::visit_schedule(options.schedule, visit);
}

}  // namespace holdfast::sim
