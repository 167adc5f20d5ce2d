#include <algorithm>
#include <array>

#include "sim/keyed_random.h"
#include "sim/options.h"

namespace holdfast::sim {
namespace {

// One seed's draws for knobs, each keyed by the name of what it decides.
class Knobs {
 public:
  explicit Knobs(std::uint64_t seed) : random_(KeyedRandom(seed).at("options")) {}

  std::uint64_t draw(std::string_view name) const { return random_.at(name).draw(); }

  bool chance(std::string_view name, std::int64_t ppm) const {
    return sim::chance(random_.at(name).draw(1), ppm);
  }

  Duration time(std::string_view name, Duration from, Duration to) const {
    return log_uniform(draw(name), from, to);
  }

  std::int64_t number(std::string_view name, std::int64_t from, std::int64_t to) const {
    return log_uniform(draw(name), from, to);
  }

  // 0 in a share of seeds, so that the whole class is missing there.
  std::int64_t number_or_off(std::string_view name,
                             std::int64_t off_ppm,
                             std::int64_t from,
                             std::int64_t to) const {
    return chance(name, off_ppm) ? 0 : number(name, from, to);
  }

  Duration time_or_off(std::string_view name,
                       std::int64_t off_ppm,
                       Duration from,
                       Duration to) const {
    return chance(name, off_ppm) ? Duration() : time(name, from, to);
  }

 private:
  KeyedRandom random_;
};

constexpr Duration us(std::int64_t n) {
  return Duration::microseconds(n);
}

constexpr Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

constexpr Duration s(std::int64_t n) {
  return Duration::seconds(n);
}

NetworkOptions draw_network(const Knobs& knobs) {
  NetworkOptions network;
  network.delay_base = knobs.time("delay_base", us(5), ms(20));
  network.delay_spread = knobs.time("delay_spread", us(5), ms(60));
  network.link_bias_max = knobs.time_or_off("link_bias", 500'000, us(10), ms(80));
  network.tail_ppm = knobs.number_or_off("tail", 350'000, 100, 60'000);
  network.tail_doublings_max = uniform(knobs.draw("tail_doublings"), 2, 10);
  network.loss_ppm = knobs.number_or_off("loss", 350'000, 100, 250'000);
  network.duplicate_ppm = knobs.number_or_off("duplicate", 350'000, 100, 300'000);
  network.duplicate_delay_max = knobs.time("duplicate_delay", us(100), s(5));
  network.corrupt_ppm = knobs.number_or_off("corrupt", 450'000, 50, 30'000);
  network.queue_frames = knobs.chance("queue", 700'000) ? 10'000 : knobs.number("queue", 2, 64);
  network.in_order = knobs.chance("in_order", 100'000) ? 1 : 0;
  network.release_shuffled = knobs.chance("release_shuffled", 500'000) ? 1 : 0;
  network.release_spread = knobs.time("release_spread", us(1), ms(50));
  return network;
}

LaneLatency draw_lane(const Knobs& knobs, const std::array<std::string_view, 4>& names) {
  LaneLatency lane;
  lane.base = knobs.time(names[0], us(2), ms(8));
  lane.spread = knobs.time(names[1], us(2), ms(20));
  lane.tail_per_million =
      static_cast<std::uint32_t>(knobs.number_or_off(names[2], 400'000, 50, 50'000));
  lane.tail_doublings_max = static_cast<std::uint32_t>(uniform(knobs.draw(names[3]), 1, 10));
  return lane;
}

DiskOptions draw_disk(const Knobs& knobs) {
  DiskOptions disk;
  disk.directories = knobs.chance("directories", 750'000) ? DirectoryModel::kStrictPosix
                                                          : DirectoryModel::kJournaled;
  disk.commit = draw_lane(knobs, {"commit_base", "commit_spread", "commit_tail", "commit_doubles"});
  disk.bulk = draw_lane(knobs, {"bulk_base", "bulk_spread", "bulk_tail", "bulk_doubles"});
  disk.log_padding =
      static_cast<std::uint32_t>(knobs.number_or_off("log_padding", 400'000, 512, 65'536));
  return disk;
}

Style draw_style(const Knobs& knobs) {
  constexpr std::array<std::uint32_t, 4> kWeights{35, 25, 30, 10};
  return static_cast<Style>(weighted(knobs.draw("style"), kWeights));
}

ScheduleOptions draw_schedule(const Knobs& knobs, Profile profile, Duration length) {
  ScheduleOptions schedule;
  schedule.style = draw_style(knobs);
  // From a couple of faults per class to a few dozen in the run.
  const auto every = [&](std::string_view name, std::int64_t off_ppm) {
    return knobs.time_or_off(name, off_ppm, length / 30, length / 2);
  };
  schedule.cuts_every = every("cuts", 400'000);
  schedule.freezes_every = every("freezes", 400'000);
  schedule.clogs_every = every("clogs", 600'000);
  schedule.bursts_every = every("bursts", 600'000);
  schedule.crashes_every = every("crashes", 250'000);
  schedule.pauses_every = every("pauses", 550'000);
  schedule.clocks_every = every("clocks", 600'000);
  schedule.disks_every = every("disks", 600'000);
  schedule.wipes_every = every("wipes", 600'000);
  if (profile == Profile::kBeyond) schedule.beyond_every = every("beyond", 200'000);
  schedule.fault_length_min = knobs.time("fault_length_min", ms(1), ms(50));
  schedule.fault_length_max = knobs.time("fault_length_max", ms(60), std::max(length / 2, ms(61)));
  schedule.role_ppm = uniform(knobs.draw("role"), 0, 700'000);
  schedule.step_cut_ppm = uniform(knobs.draw("step_cut"), 0, kWhole);
  schedule.phase_length = knobs.time("phase_length", ms(2), ms(400));
  schedule.phase_links_ppm = uniform(knobs.draw("phase_links"), 30'000, 600'000);
  return schedule;
}

int draw_nodes(const Knobs& knobs) {
  constexpr std::array<std::uint32_t, 7> kWeights{4, 5, 37, 8, 30, 5, 11};
  return static_cast<int>(weighted(knobs.draw("nodes"), kWeights)) + 1;
}

}  // namespace

WorldOptions draw_world_options(std::uint64_t seed, Profile profile, int nodes) {
  HOLDFAST_REQUIRE(1 <= nodes && nodes <= 7, nodes);
  const Knobs knobs(seed);
  WorldOptions options;
  options.seed = seed;
  options.nodes = nodes;
  options.quorum = nodes / 2 + 1;
  options.profile = profile;
  options.length = knobs.time("length", s(1), s(40));
  options.restart_min = knobs.time("restart_min", ms(1), ms(20));
  options.restart_max = knobs.time("restart_max", ms(20), s(2));
  options.down_max = knobs.chance("down_max", 600'000) ? kMaxNodes : nodes - options.quorum;
  options.broken_disks_max = nodes - options.quorum;
  options.network = draw_network(knobs);
  options.clock.origin_max = knobs.time("origin", s(1), s(1'000'000));
  options.clock.drift_max_ppm = knobs.number_or_off("drift", 400'000, 10, 200'000);
  options.disk = draw_disk(knobs);
  options.schedule = draw_schedule(knobs, profile, options.length);
  return options;
}

WorldOptions draw_world_options(std::uint64_t seed, Profile profile) {
  return draw_world_options(seed, profile, draw_nodes(Knobs(seed)));
}

}  // namespace holdfast::sim
