#include "scenarios/wipes.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/keyed_random.h"
#include "sim/topology.h"

namespace holdfast::scenarios {
namespace {

using sim::Fault;
using sim::FaultKind;
using sim::KeyedRandom;
using sim::NodeSet;
using sim::Role;

constexpr Duration us(std::int64_t n) {
  return Duration::microseconds(n);
}

constexpr auto kOut = static_cast<std::int64_t>(sim::Direction::kOut);
constexpr auto kIn = static_cast<std::int64_t>(sim::Direction::kIn);
constexpr auto kBoth = static_cast<std::int64_t>(sim::Direction::kBoth);

// A run is cut into turns, and everything in it is drawn against their length: who is cut off or
// held back from whom for a few of them, what rivals do meanwhile, who loses its disk.  A turn is a
// few round trips and syncs long, so in one turn a message arrives, and a recovery takes some.
class Wipes {
 public:
  Wipes(std::uint64_t seed, sim::Profile profile);

  RunPlan draw() &&;

 private:
  // Two members, mostly, are all that ever want to write.
  enum class Rival : std::uint8_t { kFirst, kSecond };

  void set_world();
  void set_members();
  void set_elections();

  void draw_turn(std::uint64_t number);
  void draw_stories();
  void draw_disturbance(KeyedRandom key, Duration at);
  void draw_links(KeyedRandom key, Duration at);
  void draw_work(KeyedRandom key, Duration at);
  void draw_wipe(KeyedRandom key, Duration at);
  void draw_companion(KeyedRandom key, const Fault& wipe);
  // Each returns when it is over.
  Duration draw_bridged(KeyedRandom key, Duration at);
  Duration draw_late(KeyedRandom key, Duration at);
  Duration draw_forgotten(KeyedRandom key, Duration at);
  Duration draw_lost_lives(KeyedRandom key, Duration at, NodeId victim, NodeSet rest);
  void draw_crash(KeyedRandom key, Duration at);

  void act(KeyedRandom key, Duration at, OperationKind kind, std::uint32_t arg);
  void act_of(Rival who, Duration at, OperationKind kind, std::uint32_t arg);
  void add(FaultKind kind, Duration at, Duration lasts, Fault fault);
  NodeId rival(KeyedRandom key) const;
  NodeId node_of(Rival who) const;
  NodeId bystander(KeyedRandom key) const;
  NodeId anybody(KeyedRandom key) const;
  NodeSet side(KeyedRandom key) const;
  NodeSet some(KeyedRandom key, std::int64_t size, NodeSet of) const;
  sim::LinkSet some_links(KeyedRandom key) const;

  bool sometimes(std::string_view name, std::int64_t percent) const {
    return sim::chance(key_.at(name).draw(), percent * 10'000);
  }

  Duration span(std::string_view name, Duration from, Duration to) const {
    return sim::log_uniform(key_.at(name).draw(), from, to);
  }

  std::int64_t number(std::string_view name, std::int64_t from, std::int64_t to) const {
    return sim::log_uniform(key_.at(name).draw(), from, to);
  }

  // Part of a turn.
  Duration moment(KeyedRandom key, std::uint64_t draw) const {
    return sim::uniform(key.draw(draw), Duration(), turn_);
  }

  NodeSet everybody() const { return NodeSet::first(members()); }

  int members() const { return static_cast<int>(plan_.world.nodes); }

  const KeyedRandom key_;
  RunPlan plan_;
  Duration turn_;
  std::uint64_t turns_ = 0;
  // How often links are troubled in a turn, in ppm; some seeds leave them alone.
  std::int64_t links_ppm_ = 0;
  std::int64_t elections_ppm_ = 0;
  // What happens takes several things in order: in these seeds little else comes between.
  bool calm_ = false;
};

Wipes::Wipes(std::uint64_t seed, sim::Profile profile) : key_(KeyedRandom(seed).at("wipes")) {
  plan_.scenario = "wipes";
  plan_.world.seed = seed;
  plan_.world.profile = profile;
  calm_ = sometimes("calm", 50);
  set_world();
  set_members();
  set_elections();
}

void Wipes::set_world() {
  constexpr std::array<std::uint32_t, 3> kSizes{40, 50, 10};
  sim::WorldOptions& world = plan_.world;
  world.nodes = 3 + 2 * static_cast<std::int64_t>(sim::weighted(key_.at("members").draw(), kSizes));
  world.quorum = world.nodes / 2 + 1;
  world.restart_min = us(500);
  world.restart_max = us(10'000);
  sim::NetworkOptions& network = world.network;
  network.delay_base = span("delay_base", us(50), us(1000));
  network.delay_spread = span("delay_spread", us(20), us(3000));
  if (sometimes("biased", 25)) network.link_bias_max = span("link_bias", us(100), us(4000));
  if (!calm_ && sometimes("lossy", 60)) network.loss_ppm = number("loss", 1000, 120'000);
  if (!calm_ && sometimes("doubles", 60))
    network.duplicate_ppm = number("duplicate", 1000, 200'000);
  network.release_spread = span("release_spread", us(1), us(5000));
  network.release_shuffled = sometimes("release_shuffled", 50) ? 1 : 0;
  world.disk.commit.base = span("commit_base", us(5), us(500));
  world.disk.commit.spread = span("commit_spread", us(5), us(1500));
  world.disk.bulk.base = world.disk.commit.base;
  world.disk.bulk.spread = world.disk.commit.spread;
  turn_ = (network.delay_base + network.delay_spread + network.link_bias_max +
           world.disk.commit.base + world.disk.commit.spread) *
          number("turn", 2, 6);
  turns_ = static_cast<std::uint64_t>(number("turns", 6, 20));
  network.duplicate_delay_max = span("duplicate_delay", turn_, turn_ * 16);
  links_ppm_ = number("links", 100'000, 900'000);
}

void Wipes::set_members() {
  ClusterOptions& o = plan_.cluster;
  o.store = sometimes("leveldb", 4) ? StoreKind::kLevelDb : StoreKind::kMemory;
  o.auto_initialise = sometimes("from_nothing", 12) ? 1 : 0;
  o.window = number("window", 1, 8);
  o.resend_min = span("resend_min", turn_, turn_ * 8);
  o.resend_max = o.resend_min * 8;
  o.election_deadline = turn_ * 40;
  o.write_deadline = span("write_deadline", turn_ * 4, turn_ * 40);
  o.backoff = span("backoff", turn_ / 2, turn_ * 4);
  o.chosen_interval = span("chosen_interval", turn_, turn_ * 64);
  o.fetch_delay = span("fetch_delay", turn_ / 16, turn_ * 4);
  o.fetch_pause = span("fetch_pause", turn_ / 64, turn_);
  o.fetch_positions_max = number("fetch_positions", 1, 16);
  o.fetches_in_flight = number("fetches", 1, 4);
  o.fills_in_flight = number("fills", 1, 4);
  o.recovery_deadline = span("recovery_deadline", turn_ * 8, turn_ * 32);
  o.recovery_pause = span("recovery_pause", turn_ / 8, turn_ * 2);
  o.close_deadline = span("close_deadline", turn_ / 2, turn_ * 16);
  o.erase_records_max = number("erase_records", 1, 16);
  o.rounds_per_reservation = number("rounds", 1, 8);
  o.entry_bytes_max = 32;
}

// In some seeds members elect by themselves; in the others two or three rivals, or one coordinator
// that nobody deposes but by a fault.
void Wipes::set_elections() {
  ClusterOptions& o = plan_.cluster;
  elections_ppm_ = sometimes("one_coordinator", 15) ? 0 : number("elections", 50'000, 600'000);
  if (calm_) elections_ppm_ /= 8;
  if (!sometimes("elector", 15)) return;
  o.elector = 1;
  o.election_timeout = span("election_timeout", turn_ * 4, turn_ * 12);
  o.heartbeat_interval = o.election_timeout / number("heartbeats", 3, 6);
  elections_ppm_ = 0;
}

RunPlan Wipes::draw() && {
  act(key_.at("first"), turn_ / 2, OperationKind::kElect, 1);
  if (calm_) {
    draw_stories();
  } else {
    for (std::uint64_t turn = 1; turn <= turns_; ++turn)
      draw_turn(turn);
    plan_.world.length = turn_ * static_cast<std::int64_t>(turns_ + 2);
  }
  const auto by_time = [](const auto& a, const auto& b) { return a.at < b.at; };
  std::stable_sort(plan_.faults.begin(), plan_.faults.end(), by_time);
  std::stable_sort(plan_.operations.begin(), plan_.operations.end(), by_time);
  return std::move(plan_);
}

void Wipes::draw_turn(std::uint64_t number) {
  const KeyedRandom key = key_.at("turn").at(number);
  const Duration at = turn_ * static_cast<std::int64_t>(number);
  if (sim::chance(key.draw(0), links_ppm_)) draw_links(key.at(1), at);
  draw_work(key.at(2), at);
  if (sim::chance(key.draw(3), 350'000)) draw_wipe(key.at(3), at + moment(key, 4));
  if (sim::chance(key.draw(5), 150'000)) draw_crash(key.at(5), at + moment(key, 6));
}

// One after the other, and into some of them something else.
void Wipes::draw_stories() {
  Duration at = turn_;
  const auto stories = static_cast<std::uint64_t>(number("stories", 1, 4));
  // Of three members the others are all that it takes to recover, so there nobody forgets.
  const bool forgotten = members() >= 5 && sometimes("forgotten", 15);
  for (std::uint64_t story = 0; story < stories; ++story) {
    const KeyedRandom key = key_.at("story").at(story);
    const Duration begin = at + turn_;
    draw_work(key.at(1), at);
    at = sim::chance(key.draw(2), 500'000) ? draw_bridged(key.at(2), begin)
                                           : draw_late(key.at(2), begin);
    draw_disturbance(key, sim::uniform(key.draw(3), begin, at));
  }
  if (forgotten) {
    const KeyedRandom key = key_.at("story").at(stories);
    const Duration begin = at + turn_ * 4;
    at = draw_forgotten(key.at(2), begin);
    draw_disturbance(key, sim::uniform(key.draw(3), begin, at));
  }
  plan_.world.length = at + turn_ * 2;
}

void Wipes::draw_disturbance(KeyedRandom key, Duration at) {
  constexpr std::array<std::uint32_t, 4> kKinds{6, 1, 1, 1};
  switch (sim::weighted(key.draw(4), kKinds)) {
    case 0:
      break;
    case 1:
      draw_links(key.at(4), at);
      break;
    case 2:
      draw_wipe(key.at(4), at);
      break;
    default:
      draw_crash(key.at(4), at);
      break;
  }
}

void Wipes::draw_links(KeyedRandom key, Duration at) {
  constexpr std::array<std::uint32_t, 5> kWeights{4, 4, 2, 4, 2};
  Fault fault{.at = at + moment(key, 1), .duration = {}, .target = {}};
  fault.duration = sim::log_uniform(key.draw(2), turn_, turn_ * 12);
  switch (sim::weighted(key.draw(0), kWeights)) {
    case 0:
      fault.kind = FaultKind::kFreeze;
      break;
    case 1:
      fault.kind = FaultKind::kCut;
      break;
    case 2:
      fault.kind = FaultKind::kSplit;
      fault.group = side(key.at(3)).bits;
      break;
    case 3:
      // With the operation of a client.
      fault.kind = FaultKind::kPhase;
      fault.group = some_links(key.at(3)).bits;
      fault.arg = sim::uniform(key.draw(4), 0, sim::kWhole);
      break;
    default:
      fault.kind = FaultKind::kLoss;
      fault.arg = sim::uniform(key.draw(4), 50'000, 600'000);
      break;
  }
  if (info(fault.kind).targeted) {
    constexpr std::array kRoles{Role::kCoordinator, Role::kRecovering};
    fault.target = anybody(key.at(5));
    if (sim::chance(key.draw(6), 400'000)) fault.target = kRoles[sim::below(key.draw(7), 2)];
    fault.group = sim::chance(key.draw(8), 300'000) ? 0 : side(key.at(3)).bits;
    fault.arg = sim::uniform(key.draw(9), 0, 2);
  }
  plan_.faults.push_back(fault);
}

void Wipes::draw_work(KeyedRandom key, Duration at) {
  if (sim::chance(key.draw(0), elections_ppm_)) {
    act(key.at(0), at + moment(key, 10), OperationKind::kElect, 1);
  }
  if (sim::chance(key.draw(1), 750'000)) {
    const auto entries = static_cast<std::uint32_t>(sim::log_uniform(key.draw(2), 1, 4));
    act(key.at(1), at + moment(key, 11), OperationKind::kAppend, entries);
  }
  if (sim::chance(key.draw(3), 60'000)) {
    const auto keep = static_cast<std::uint32_t>(sim::uniform(key.draw(4), 0, 6));
    act(key.at(3), at + moment(key, 12), OperationKind::kTruncate, keep);
  }
  if (sim::chance(key.draw(5), 60'000)) {
    plan_.operations.push_back({.at = at + moment(key, 13),
                                .node = anybody(key.at(5)),
                                .kind = OperationKind::kCatchUp,
                                .arg = 1});
  }
}

void Wipes::draw_wipe(KeyedRandom key, Duration at) {
  constexpr std::array<std::uint32_t, 4> kAims{60, 20, 10, 10};
  Fault wipe{.kind = FaultKind::kWipe, .at = at, .duration = {}, .target = {}};
  wipe.duration = sim::log_uniform(key.draw(0), turn_ / 32, turn_ * 2);
  switch (sim::weighted(key.draw(1), kAims)) {
    case 0:
      wipe.target = anybody(key.at(2));
      break;
    case 1:
      wipe.target = Role::kRecovering;
      break;
    case 2:
      wipe.target = Role::kCoordinator;
      break;
    default:
      wipe.target = Role::kVoting;
      break;
  }
  if (sim::chance(key.draw(3), 400'000)) wipe.arg = sim::log_uniform(key.draw(4), 1, 12);
  plan_.faults.push_back(wipe);
  if (sim::chance(key.draw(5), 600'000)) draw_companion(key.at(6), wipe);
  if (sim::chance(key.draw(7), 500'000)) {
    draw_crash(key.at(8), at + wipe.duration + moment(key, 9) * 2);
  }
}

// What the victim said before, or what a coordinator asked, is held or lost from shortly before the
// wipe, and perhaps until the victim votes again.
void Wipes::draw_companion(KeyedRandom key, const Fault& wipe) {
  const Duration lead = sim::log_uniform(key.draw(0), turn_ / 16, turn_ * 3);
  Fault fault{.kind = sim::chance(key.draw(1), 700'000) ? FaultKind::kFreeze : FaultKind::kCut,
              .at = wipe.at - std::min(lead, wipe.at),
              .duration = lead + wipe.duration + moment(key, 2) * sim::uniform(key.draw(3), 1, 6),
              .target = wipe.target};
  if (sim::chance(key.draw(4), 400'000)) fault.target = Role::kCoordinator;
  fault.group = sim::chance(key.draw(5), 200'000) ? 0 : side(key.at(5)).bits;
  constexpr std::array<std::uint32_t, 3> kDirections{6, 2, 2};
  fault.arg = static_cast<std::int64_t>(sim::weighted(key.draw(6), kDirections));
  plan_.faults.push_back(fault);
}

// Two sides that do not hear each other, with a coordinator each, and a member that talks to both:
// what it promised one side must bind it towards the other when its disk is lost in between
// (G2(a)).
Duration Wipes::draw_bridged(KeyedRandom key, Duration at) {
  const NodeId victim = bystander(key.at(0));
  const Rival old = sim::chance(key.draw(1), 500'000) ? Rival::kFirst : Rival::kSecond;
  const Rival next = old == Rival::kFirst ? Rival::kSecond : Rival::kFirst;
  NodeSet group = NodeSet::of(node_of(next));
  for_each_node(everybody() - NodeSet::of(victim), [&](NodeId each) {
    if (sim::chance(key.at(2).draw(each.value), 500'000)) group = group | NodeSet::of(each);
  });
  group = group - NodeSet::of(node_of(old));
  act_of(old, at, OperationKind::kElect, 1);
  const Duration split = at + turn_ + moment(key, 3);
  const Duration end = split + turn_ * sim::uniform(key.draw(4), 4, 10);
  add(FaultKind::kBridge, split, end - split, {.target = victim, .group = group.bits});
  act_of(next, split + moment(key, 5), OperationKind::kElect, 1);
  const Duration wiped = split + turn_ / 2 + moment(key, 6) * 2;
  add(FaultKind::kWipe, wiped, moment(key, 7) / 2, {.target = victim});
  for (std::uint64_t i = 0; i < 4; ++i) {
    act_of(i % 2 == 0 ? old : next, wiped + moment(key, 8 + i) * 6, OperationKind::kAppend, 1);
  }
  return end;
}

// Lives of a victim, and perhaps of another, register with few and are lost; the next hears nothing
// of those, takes a number that is theirs or below, and votes.  It may be started anew before it
// meets the few, and as many others as may lose their disks when it does: then they, and perhaps
// the other victim, are nearly all that it can ask.
Duration Wipes::draw_forgotten(KeyedRandom key, Duration at) {
  NodeSet victims = NodeSet::of(bystander(key.at(0)));
  if (sim::chance(key.draw(1), 400'000)) victims = victims | NodeSet::of(bystander(key.at(1)));
  // So few that a quorum of others is left.
  const NodeSet few = some(key.at(2), plan_.world.quorum - 2, everybody() - victims);
  Duration wiped = at + turn_;
  std::vector<std::pair<NodeId, Duration>> votes;
  for_each_node(victims, [&](NodeId victim) {
    const KeyedRandom own = key.at(3).at(victim.value);
    wiped = draw_lost_lives(own, wiped, victim, everybody() - few - NodeSet::of(victim));
    add(FaultKind::kWipe, wiped, moment(own, 5) / 2, {.target = victim});
    votes.push_back({victim, wiped});
    act_of(Rival::kFirst, wiped + moment(own, 6) * 6, OperationKind::kAppend, 1);
    wiped = wiped + turn_ * sim::uniform(own.draw(7), 2, 6);
  });
  const Duration met = wiped + turn_ * sim::uniform(key.draw(4), 2, 6);
  for (const auto& [victim, since] : votes) {
    add(FaultKind::kCut, since, met - since, {.target = victim, .group = few.bits, .arg = kBoth});
    if (!sim::chance(key.at(5).draw(victim.value), 600'000)) continue;
    add(FaultKind::kRestart, met - moment(key.at(6), victim.value), turn_ / 16, {.target = victim});
  }
  if (sim::chance(key.draw(7), 600'000)) {
    const auto lost = plan_.world.nodes - plan_.world.quorum;
    for_each_node(some(key.at(7), lost, everybody() - few - victims), [&](NodeId each) {
      const Duration when = met - moment(key.at(8), each.value) / 2;
      add(FaultKind::kWipe, when, moment(key.at(9), each.value) / 2, {.target = each});
    });
  }
  act_of(Rival::kSecond, met - moment(key, 10) * 2, OperationKind::kAppend, 1);
  act_of(Rival::kFirst, met + moment(key, 11) * 3, OperationKind::kAppend, 1);
  return met + turn_ * 4;
}

// One or two, which the rest do not hear of.  Returns when the last of them is lost.
Duration Wipes::draw_lost_lives(KeyedRandom key, Duration at, NodeId victim, NodeSet rest) {
  const std::int64_t lives = sim::uniform(key.draw(0), 1, 2);
  for (std::int64_t life = 0; life < lives; ++life) {
    const KeyedRandom one = key.at(static_cast<std::uint64_t>(life));
    const Duration heard = at + turn_ * 2 + moment(one, 1) * 2;
    const Duration end = heard + turn_ * 2 + moment(one, 2) * 2;
    add(FaultKind::kWipe, at, moment(one, 3) / 2, {.target = victim});
    // It hears how the rest count it when it can not tell them anything any more.
    add(FaultKind::kFreeze, at, heard - at, {.target = victim, .group = rest.bits, .arg = kIn});
    add(FaultKind::kCut,
        heard - turn_ / 16,
        end - heard + turn_,
        {.target = victim, .group = rest.bits, .arg = kOut});
    at = end;
  }
  return at;
}

// What a coordinator writes reaches the victim at once, some others late and the rest never; the
// victim votes, loses its disk, and recovers without the coordinator.  Its vote must not be counted
// any more when the late ones get the write after all (G2(b)).
Duration Wipes::draw_late(KeyedRandom key, Duration at) {
  const NodeId victim = bystander(key.at(0));
  const Rival writer = sim::chance(key.draw(1), 500'000) ? Rival::kFirst : Rival::kSecond;
  const Rival next = writer == Rival::kFirst ? Rival::kSecond : Rival::kFirst;
  const NodeSet self = NodeSet::of(node_of(writer));
  const NodeSet near = self | NodeSet::of(victim) | NodeSet::of(node_of(next));
  // With the victim and the writer they are a quorum.
  NodeSet late;
  for (std::uint64_t i = 0; late.size() < plan_.world.quorum - 2; ++i)
    late = (late | NodeSet::of(anybody(key.at(2).at(i)))) - near;
  act_of(writer, at, OperationKind::kElect, 1);
  const Duration written = at + turn_ + moment(key, 3);
  const Duration wiped = written + turn_ / 4 + moment(key, 4);
  // The victim needs the late ones to recover; afterwards they are on the writer's side.
  const Duration split = wiped + turn_ * sim::uniform(key.draw(5), 2, 8);
  const Duration released = split + moment(key, 6);
  const Duration end = released + turn_ * sim::uniform(key.draw(7), 2, 12);
  for_each_node(late, [&](NodeId each) {
    add(FaultKind::kFreeze,
        written,
        released - written + moment(key.at(8), each.value),
        {.target = node_of(writer), .group = NodeSet::of(each).bits, .arg = kOut});
  });
  const NodeSet never = everybody() - late - self - NodeSet::of(victim);
  add(FaultKind::kCut,
      written,
      end - written,
      {.target = node_of(writer), .group = never.bits, .arg = kBoth});
  act_of(writer, written + turn_ / 16, OperationKind::kAppend, 1);
  add(FaultKind::kWipe, wiped, moment(key, 9), {.target = victim});
  // The writer has the victim's vote and may not keep it; or the vote comes when the victim is
  // known to be another.
  const bool counted = sim::chance(key.draw(12), 500'000);
  add(FaultKind::kCut,
      wiped,
      (counted ? end : split) - wiped,
      {.target = node_of(writer),
       .group = NodeSet::of(victim).bits,
       .arg = counted ? kBoth : kOut});
  if (!counted) {
    add(FaultKind::kFreeze,
        written,
        split - turn_ / 4 - written,
        {.target = victim, .group = self.bits, .arg = kOut});
  }
  add(FaultKind::kSplit, split, end - split, {.target = {}, .group = (late | self).bits});
  act_of(next, split + moment(key, 10) * 4, OperationKind::kElect, 1);
  act_of(next, split + turn_ + moment(key, 11) * 6, OperationKind::kAppend, 1);
  return end;
}

// Half of them at a step of whoever recovers.
void Wipes::draw_crash(KeyedRandom key, Duration at) {
  constexpr std::array kKinds{
      FaultKind::kCrashLost, FaultKind::kCrashPrefix, FaultKind::kCrashTorn, FaultKind::kRestart};
  constexpr std::array<std::uint32_t, 3> kAims{6, 2, 2};
  Fault crash{.kind = kKinds[sim::below(key.draw(0), kKinds.size())],
              .at = at,
              .duration = sim::log_uniform(key.draw(1), turn_ / 32, turn_ * 2),
              .target = Role::kRecovering};
  const std::size_t aim = sim::weighted(key.draw(2), kAims);
  if (aim == 1) crash.target = Role::kCoordinator;
  if (aim == 2) crash.target = anybody(key.at(2));
  if (sim::chance(key.draw(3), 700'000)) crash.arg = sim::log_uniform(key.draw(4), 1, 24);
  plan_.faults.push_back(crash);
}

// By a rival, at any moment.
void Wipes::act(KeyedRandom key, Duration at, OperationKind kind, std::uint32_t arg) {
  plan_.operations.push_back({.at = at, .node = rival(key), .kind = kind, .arg = arg});
}

void Wipes::act_of(Rival who, Duration at, OperationKind kind, std::uint32_t arg) {
  if (plan_.cluster.elector != 0 && kind == OperationKind::kElect) return;
  plan_.operations.push_back({.at = at, .node = node_of(who), .kind = kind, .arg = arg});
}

void Wipes::add(FaultKind kind, Duration at, Duration lasts, Fault fault) {
  fault.kind = kind;
  fault.at = at;
  fault.duration = lasts;
  plan_.faults.push_back(fault);
}

NodeId Wipes::rival(KeyedRandom key) const {
  if (sim::chance(key.draw(20), 100'000)) return anybody(key);
  const bool by_first = elections_ppm_ == 0 || sim::chance(key.draw(21), 550'000);
  return node_of(by_first ? Rival::kFirst : Rival::kSecond);
}

NodeId Wipes::node_of(Rival who) const {
  const auto all = static_cast<std::uint64_t>(members());
  const std::uint64_t first = sim::below(key_.at("rival").draw(), all);
  const std::uint64_t other = sim::below(key_.at("rival").draw(1), all - 1) + 1;
  return sim::node_at(static_cast<unsigned>((first + (who == Rival::kFirst ? 0 : other)) % all));
}

// Neither of the rivals.
NodeId Wipes::bystander(KeyedRandom key) const {
  std::vector<NodeId> all;
  for (int i = 0; i < members(); ++i) {
    const NodeId each = sim::node_at(static_cast<unsigned>(i));
    if (each != node_of(Rival::kFirst) && each != node_of(Rival::kSecond)) all.push_back(each);
  }
  return all[sim::below(key.draw(0), all.size())];
}

NodeId Wipes::anybody(KeyedRandom key) const {
  return sim::node_at(static_cast<unsigned>(sim::below(key.draw(22), members())));
}

// One to all but one members.
NodeSet Wipes::side(KeyedRandom key) const {
  const auto size = sim::uniform(key.draw(0), 1, members() - 1);
  NodeSet drawn;
  for (std::uint64_t i = 1; drawn.size() < size; ++i) {
    drawn = drawn |
            NodeSet::of(sim::node_at(static_cast<unsigned>(sim::below(key.draw(i), members()))));
  }
  return drawn;
}

// As many of these as there are, at most.
NodeSet Wipes::some(KeyedRandom key, std::int64_t size, NodeSet of) const {
  NodeSet drawn;
  for (std::uint64_t i = 0; drawn.size() < std::min<std::int64_t>(size, of.size()); ++i)
    drawn = drawn | (NodeSet::of(anybody(key.at(i))) & of);
  return drawn;
}

sim::LinkSet Wipes::some_links(KeyedRandom key) const {
  const std::int64_t share = sim::uniform(key.draw(0), 100'000, 600'000);
  sim::LinkSet some;
  for_each_link(links_from_to(everybody(), everybody()), [&](NodeId from, NodeId to) {
    if (sim::chance(key.at(from.value).draw(to.value), share)) {
      some = some | sim::LinkSet::of(from, to);
    }
  });
  return some;
}

}  // namespace

RunPlan draw_wipes(std::uint64_t seed, sim::Profile profile) {
  return Wipes(seed, profile).draw();
}

}  // namespace holdfast::scenarios
