#pragma once

// Everything about a world that can be chosen, except what goes wrong when (faults.h).
//
// Each knob has a name, a unit, a range and a sentence about it; visit_knobs() lists them all, and
// printing, reading, checking and comparing go through that list.  draw_world_options() chooses
// every knob anew for a seed, with whole classes of trouble left out in some seeds.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "protocol/env/time.h"

#include "sim/disk_options.h"
#include "sim/topology.h"

namespace holdfast::sim {

// How much may go wrong at once (fault_budget.h).
enum class Profile : std::uint8_t {
  kDefault,  // what the protocol promises to survive
  kBeyond,   // anything; only safety is judged, and only where it is promised
};

// How the faults of a run are arranged.  No single one finds everything.
enum class Style : std::uint8_t {
  kUniform,  // any fault at any time
  kFrozen,   // many long freezes: stale messages arrive late
  kPhases,   // one operation and one random set of frozen links after the other
  kMixed,    // all of them
};

struct NetworkOptions {
  Duration delay_base = Duration::microseconds(200);
  Duration delay_spread = Duration::microseconds(800);
  // Each directed link is slower than the others by a fixed amount up to this.
  Duration link_bias_max;
  // A frame in the tail takes its delay doubled 1 to `tail_doublings_max` times, each further time
  // half as likely.
  std::int64_t tail_ppm = 0;
  std::int64_t tail_doublings_max = 6;
  std::int64_t loss_ppm = 0;
  std::int64_t duplicate_ppm = 0;
  Duration duplicate_delay_max = Duration::milliseconds(100);
  std::int64_t corrupt_ppm = 0;
  // A frame sent while this many are in flight on the link is dropped.
  std::int64_t queue_frames = 10'000;
  // 1: frames of a link arrive in the order they were sent.
  std::int64_t in_order = 0;
  // 1: frames held on a frozen link leave it in a drawn order.
  std::int64_t release_shuffled = 1;
  Duration release_spread = Duration::milliseconds(1);
};

struct ClockOptions {
  // What a clock shows when its machine boots, at most.
  Duration origin_max = Duration::seconds(1000);
  // Each node's clock drifts by up to this much, either way.
  std::int64_t drift_max_ppm = 0;
};

// How draw_faults() (schedule.h) fills the run.  An interval of 0 leaves the class out.
struct ScheduleOptions {
  Style style = Style::kUniform;
  Duration cuts_every;
  Duration freezes_every;
  Duration clogs_every;
  Duration bursts_every;
  Duration crashes_every;
  Duration pauses_every;
  Duration clocks_every;
  Duration disks_every;
  Duration wipes_every;
  Duration beyond_every;
  Duration fault_length_min = Duration::milliseconds(10);
  Duration fault_length_max = Duration::seconds(1);
  // Share of targeted faults aimed at a role instead of a node.
  std::int64_t role_ppm = 300'000;
  // Share of crashes that cut off what a step asked for, instead of falling between steps.
  std::int64_t step_cut_ppm = 500'000;
  Duration phase_length = Duration::milliseconds(50);
  // Share of the directed links held in a phase.
  std::int64_t phase_links_ppm = 250'000;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  // From this time on every draw is keyed by `rekey_seed` instead, so that one can ask of a run
  // that fails how much of that is chance from here on; 0: never.  What a link or a clock is like
  // for the whole run stays.
  Duration rekey_at;
  std::uint64_t rekey_seed = 0;
  std::int64_t nodes = 3;
  std::int64_t quorum = 2;
  Profile profile = Profile::kDefault;
  // How long faults keep beginning.
  Duration length = Duration::seconds(10);
  // A node that stopped by itself is started again after so long.
  Duration restart_min = Duration::milliseconds(10);
  Duration restart_max = Duration::seconds(1);
  std::int64_t down_max = kMaxNodes;
  std::int64_t broken_disks_max = 1;
  NetworkOptions network;
  ClockOptions clock;
  DiskOptions disk;
  ScheduleOptions schedule;
};

bool operator==(const WorldOptions& a, const WorldOptions& b);

enum class KnobUnit : std::uint8_t { kCount, kPpm, kTime, kSeed, kName };

struct Knob {
  std::string_view name;
  KnobUnit unit;
  std::int64_t min;
  std::int64_t max;
  std::string_view help;
  // KnobUnit::kName only: what the values are called.
  std::span<const std::string_view> names;
};

// "20000ppm", "1500ms", "phases".
std::string format_knob(const Knob& knob, std::int64_t value);

// None if the text is no value of that unit; the range is not looked at.
std::optional<std::int64_t> parse_knob(const Knob& knob, std::string_view text);

// "use 1 to 7": what a value of the knob must be, for error messages.
std::string expected_of(const Knob& knob);

// Empty if the options make a world, else the first thing wrong with them and what to do.
std::string validate(const WorldOptions& options);

// One line per knob: name, value with unit, what it is.
std::string describe(const WorldOptions& options);

// Sets the knob of that name from text as format_knob() writes it.  Returns what is wrong, or
// nothing.
std::string set_knob(WorldOptions& options, std::string_view name, std::string_view value);

WorldOptions draw_world_options(std::uint64_t seed, Profile profile);

// The same for a cluster of a given size.  Requires: 1 <= nodes <= 7.
WorldOptions draw_world_options(std::uint64_t seed, Profile profile, int nodes);

}  // namespace holdfast::sim
