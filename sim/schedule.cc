#include "sim/schedule.h"

#include <algorithm>
#include <array>
#include <span>

#include "protocol/env/check.h"

#include "sim/keyed_random.h"
#include "sim/topology.h"

namespace holdfast::sim {
namespace {

struct WeightedKind {
  FaultKind kind;
  std::uint32_t weight;
};

using K = FaultKind;

std::span<const WeightedKind> kinds_of(FaultClass fault_class) {
  static constexpr std::array kCuts{WeightedKind{K::kCut, 4},
                                    WeightedKind{K::kIsolate, 3},
                                    WeightedKind{K::kSplit, 3},
                                    WeightedKind{K::kBridge, 1},
                                    WeightedKind{K::kRing, 1}};
  static constexpr std::array kFreezes{WeightedKind{K::kFreeze, 1}};
  static constexpr std::array kPhases{WeightedKind{K::kPhase, 1}};
  static constexpr std::array kClogs{WeightedKind{K::kClog, 2}, WeightedKind{K::kSwizzle, 1}};
  static constexpr std::array kBursts{
      WeightedKind{K::kLoss, 2}, WeightedKind{K::kDuplicate, 2}, WeightedKind{K::kCorrupt, 1}};
  static constexpr std::array kCrashes{WeightedKind{K::kCrashLost, 4},
                                       WeightedKind{K::kCrashPrefix, 2},
                                       WeightedKind{K::kCrashTorn, 2},
                                       WeightedKind{K::kRestart, 3}};
  static constexpr std::array kPauses{WeightedKind{K::kPause, 3}, WeightedKind{K::kSlow, 2}};
  static constexpr std::array kClocks{WeightedKind{K::kDrift, 1}, WeightedKind{K::kJump, 1}};
  static constexpr std::array kDisks{WeightedKind{K::kOpenError, 1},
                                     WeightedKind{K::kReadError, 1},
                                     WeightedKind{K::kWriteError, 2},
                                     WeightedKind{K::kSyncError, 2},
                                     WeightedKind{K::kDirectoryError, 1},
                                     WeightedKind{K::kDiskFull, 2},
                                     WeightedKind{K::kDiskStall, 2},
                                     WeightedKind{K::kDiskSlow, 2}};
  static constexpr std::array kWipes{WeightedKind{K::kWipe, 1}};
  static constexpr std::array kBeyond{WeightedKind{K::kCrashSectors, 2},
                                      WeightedKind{K::kCrashStretched, 2},
                                      WeightedKind{K::kBitFlip, 1},
                                      WeightedKind{K::kStaleCopy, 1}};
  switch (fault_class) {
    case FaultClass::kCuts:
      return kCuts;
    case FaultClass::kFreezes:
      return kFreezes;
    case FaultClass::kPhases:
      return kPhases;
    case FaultClass::kClogs:
      return kClogs;
    case FaultClass::kBursts:
      return kBursts;
    case FaultClass::kCrashes:
      return kCrashes;
    case FaultClass::kPauses:
      return kPauses;
    case FaultClass::kClocks:
      return kClocks;
    case FaultClass::kDisks:
      return kDisks;
    case FaultClass::kWipes:
      return kWipes;
    case FaultClass::kBeyond:
      return kBeyond;
  }
  HOLDFAST_UNREACHABLE("a fault class without kinds");
}

// What the draws of one fault decide; each has a counter of its own under the fault's key.
enum Decision : std::uint64_t {
  kGap,
  kKind,
  kLength,
  kAim,
  kWho,
  kGroup,
  kArg,
  kMode,
  kLead,
};

class Drawing {
 public:
  explicit Drawing(const WorldOptions& options)
      : options_(options),
        random_(KeyedRandom(options.seed).at("faults")) {}

  std::vector<Fault> all();

 private:
  void draw_class(FaultClass fault_class, Duration every);
  void draw_phases();
  void add_crash(Fault fault, KeyedRandom key);
  void add_wipe(const Fault& fault, KeyedRandom key);
  Fault draw_fault(FaultKind kind, Duration at, KeyedRandom key) const;
  Duration draw_length(KeyedRandom key) const;
  Target draw_target(KeyedRandom key) const;
  std::uint64_t draw_group(const FaultInfo& kind, KeyedRandom key) const;
  std::int64_t draw_arg(const FaultInfo& kind, KeyedRandom key) const;
  std::int64_t draw_time_arg(FaultKind kind, KeyedRandom key) const;
  LinkSet draw_held_links(KeyedRandom key) const;
  NodeSet draw_side(KeyedRandom key) const;

  int nodes() const { return static_cast<int>(options_.nodes); }

  const WorldOptions& options_;
  KeyedRandom random_;
  std::vector<Fault> faults_;
};

Duration Drawing::draw_length(KeyedRandom key) const {
  return log_uniform(
      key.draw(kLength), options_.schedule.fault_length_min, options_.schedule.fault_length_max);
}

Target Drawing::draw_target(KeyedRandom key) const {
  if (!chance(key.draw(kAim), options_.schedule.role_ppm)) {
    return node_at(static_cast<unsigned>(below(key.draw(kWho), nodes())));
  }
  constexpr std::array<std::uint32_t, 4> kWeights{5, 2, 2, 3};
  return static_cast<Role>(weighted(key.draw(kWho), kWeights));
}

// One to all but one nodes; small sets are as likely as large ones.
NodeSet Drawing::draw_side(KeyedRandom key) const {
  if (nodes() == 1) return NodeSet::first(1);
  const KeyedRandom members = key.at(kGroup);
  const auto size = static_cast<int>(uniform(members.draw(100), 1, nodes() - 1));
  NodeSet side;
  for (std::uint64_t attempt = 0; side.size() < size; ++attempt) {
    side = side |
           NodeSet::of(node_at(static_cast<unsigned>(below(members.draw(attempt + 200), nodes()))));
  }
  return side;
}

LinkSet Drawing::draw_held_links(KeyedRandom key) const {
  const NodeSet everybody = NodeSet::first(nodes());
  const KeyedRandom links = key.at(kGroup);
  // A structured mask now and then: one node that is not heard, or hears nobody.
  const std::uint64_t shape = below(links.draw(), 8);
  const NodeSet one = NodeSet::of(node_at(static_cast<unsigned>(below(links.draw(1), nodes()))));
  if (shape == 0) return links_from_to(one, everybody);
  if (shape == 1) return links_from_to(everybody, one);
  LinkSet held;
  for_each_link(links_from_to(everybody, everybody), [&](NodeId from, NodeId to) {
    const std::uint64_t draw = links.at(from.value).draw(to.value);
    if (chance(draw, options_.schedule.phase_links_ppm)) held = held | LinkSet::of(from, to);
  });
  return held;
}

std::uint64_t Drawing::draw_group(const FaultInfo& kind, KeyedRandom key) const {
  switch (kind.group) {
    case GroupMeaning::kNone:
      return 0;
    case GroupMeaning::kKey:
      return key.draw(kGroup);
    case GroupMeaning::kNodes: {
      // Links of one node: half the time all of them.
      const bool everybody = kind.targeted && kind.kind != K::kBridge;
      if (everybody && chance(key.draw(kMode), 500'000)) return 0;
      return draw_side(key).bits;
    }
    case GroupMeaning::kLinks:
      if (kind.kind != K::kPhase && chance(key.draw(kMode), 500'000)) return 0;
      return draw_held_links(key).bits;
  }
  HOLDFAST_UNREACHABLE("a meaning of a group without a draw");
}

std::int64_t Drawing::draw_time_arg(FaultKind kind, KeyedRandom key) const {
  if (kind == K::kJump) {
    return log_uniform(key.draw(kArg), Duration::milliseconds(1), Duration::seconds(600)).ns();
  }
  return log_uniform(key.draw(kArg), Duration::microseconds(10), Duration::milliseconds(200)).ns();
}

std::int64_t Drawing::draw_arg(const FaultInfo& kind, KeyedRandom key) const {
  switch (kind.arg) {
    case ArgMeaning::kNone:
      return 0;
    case ArgMeaning::kDirection:
      return uniform(key.draw(kArg), 0, 2);
    case ArgMeaning::kVariant:
      // The two-way ring of three or fewer nodes cuts nothing.
      return nodes() <= 3 ? 1 : uniform(key.draw(kArg), 0, 1);
    case ArgMeaning::kCount:
      if (kind.kind == K::kDiskFull) return log_uniform(key.draw(kArg), 1, 100'000);
      if (kind.kind == K::kDiskSlow) return log_uniform(key.draw(kArg), 2, 200);
      return 0;
    case ArgMeaning::kPpm: {
      if (kind.kind == K::kDrift) return uniform(key.draw(kArg), kind.arg_min, kind.arg_max);
      return log_uniform(key.draw(kArg), 5'000, kWhole);
    }
    case ArgMeaning::kPercent:
      return log_uniform(key.draw(kArg), 5, 400);
    case ArgMeaning::kTime:
      return draw_time_arg(kind.kind, key);
  }
  HOLDFAST_UNREACHABLE("a meaning of an argument without a draw");
}

Fault Drawing::draw_fault(FaultKind kind, Duration at, KeyedRandom key) const {
  const FaultInfo& what = info(kind);
  Fault fault{.kind = kind, .at = at, .duration = {}, .target = {}};
  if (what.lasts) fault.duration = draw_length(key);
  if (what.targeted) fault.target = draw_target(key);
  fault.group = draw_group(what, key);
  fault.arg = draw_arg(what, key);
  return fault;
}

// Now and then the power fails for everybody at once.
void Drawing::add_crash(Fault fault, KeyedRandom key) {
  if (chance(key.draw(kMode), options_.schedule.step_cut_ppm)) {
    fault.arg = log_uniform(key.draw(kArg), 1, 32);
  }
  if (!chance(key.draw(kLead), 70'000)) {
    faults_.push_back(fault);
    return;
  }
  for (int i = 0; i < nodes(); ++i) {
    fault.target = node_at(static_cast<unsigned>(i));
    faults_.push_back(fault);
  }
}

// A lost disk alone shows little; what a surviving coordinator of before sends late does.
void Drawing::add_wipe(const Fault& fault, KeyedRandom key) {
  faults_.push_back(fault);
  if (!chance(key.draw(kMode), 600'000)) return;
  const KeyedRandom companion = key.at(kLead);
  const Duration lead =
      log_uniform(companion.draw(kLead), Duration::microseconds(10), Duration::milliseconds(100));
  const bool pause = chance(companion.draw(kMode), 250'000);
  Fault other = draw_fault(pause ? K::kPause : K::kFreeze, fault.at, companion);
  other.at = fault.at > lead ? fault.at - lead : Duration();
  other.duration = lead + fault.duration * uniform(companion.draw(kLength), 1, 4);
  other.target = Role::kCoordinator;
  faults_.push_back(other);
}

void Drawing::draw_class(FaultClass fault_class, Duration every) {
  if (every == Duration()) return;
  const std::span<const WeightedKind> kinds = kinds_of(fault_class);
  std::array<std::uint32_t, 8> weights{};
  for (std::size_t i = 0; i < kinds.size(); ++i)
    weights[i] = kinds[i].weight;
  Duration at;
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const KeyedRandom key = random_.at(static_cast<std::uint64_t>(fault_class)).at(number);
    at = at + uniform(key.draw(kGap), Duration::nanoseconds(1), every * 2);
    if (at >= options_.length) return;
    const FaultKind kind = kinds[weighted(key.draw(kKind), weights)].kind;
    const Fault fault = draw_fault(kind, at, key);
    if (fault_class == FaultClass::kCrashes) {
      add_crash(fault, key);
    } else if (fault_class == FaultClass::kWipes) {
      add_wipe(fault, key);
    } else {
      faults_.push_back(fault);
    }
  }
}

void Drawing::draw_phases() {
  const Duration mean = options_.schedule.phase_length;
  Duration at;
  for (std::uint64_t number = 0; number < 1000 && at < options_.length; ++number) {
    const KeyedRandom key = random_.at(static_cast<std::uint64_t>(FaultClass::kPhases)).at(number);
    Fault phase{.kind = K::kPhase, .at = at, .duration = {}, .target = {}};
    phase.duration =
        log_uniform(key.draw(kLength), std::max(mean / 4, Duration::nanoseconds(1)), mean * 4);
    phase.group = draw_held_links(key).bits;
    phase.arg = uniform(key.draw(kArg), 0, kWhole);
    faults_.push_back(phase);
    at = at + phase.duration;
  }
}

std::vector<Fault> Drawing::all() {
  const ScheduleOptions& schedule = options_.schedule;
  const bool frozen = schedule.style == Style::kFrozen || schedule.style == Style::kMixed;
  const bool phases = schedule.style == Style::kPhases || schedule.style == Style::kMixed;
  if (phases) draw_phases();
  // Phases need quiet links; frozen links need many freezes and little else on the network.
  const bool only_phases = schedule.style == Style::kPhases;
  const Duration freezes = frozen ? options_.length / 25 : schedule.freezes_every;
  draw_class(FaultClass::kCuts, only_phases ? Duration() : schedule.cuts_every);
  draw_class(FaultClass::kFreezes, only_phases ? Duration() : freezes);
  draw_class(FaultClass::kClogs, only_phases ? Duration() : schedule.clogs_every);
  draw_class(FaultClass::kBursts, only_phases ? Duration() : schedule.bursts_every);
  draw_class(FaultClass::kCrashes, schedule.crashes_every);
  draw_class(FaultClass::kPauses, schedule.pauses_every);
  draw_class(FaultClass::kClocks, schedule.clocks_every);
  draw_class(FaultClass::kDisks, schedule.disks_every);
  draw_class(FaultClass::kWipes, schedule.wipes_every);
  draw_class(FaultClass::kBeyond, schedule.beyond_every);
  std::stable_sort(
      faults_.begin(), faults_.end(), [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return std::move(faults_);
}

}  // namespace

std::vector<Fault> draw_faults(const WorldOptions& options) {
  const std::string problem = validate(options);
  HOLDFAST_REQUIRE(problem.empty(), problem);
  return Drawing(options).all();
}

}  // namespace holdfast::sim
