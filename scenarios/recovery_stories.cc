#include "scenarios/recovery_stories.h"

#include <algorithm>
#include <array>
#include <string>

#include "protocol/env/check.h"

namespace holdfast::scenarios {

using sim::Fault;
using sim::FaultKind;
using sim::NodeSet;
using sim::Role;

namespace {

constexpr Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

// A world that breaks nothing by itself.  Recovery takes many small steps, each of which a fault
// can meet.
RunPlan stage(std::string_view name, std::uint64_t seed, int members) {
  RunPlan plan;
  plan.scenario = std::string(name);
  const sim::WorldOptions drawn = sim::draw_world_options(seed, sim::Profile::kDefault, members);
  const ClusterOptions cluster = draw_cluster_options(seed);
  plan.world.seed = seed;
  plan.world.nodes = members;
  plan.world.quorum = members / 2 + 1;
  plan.world.length = Duration();
  plan.world.network.delay_base = std::min(drawn.network.delay_base, ms(2));
  plan.world.network.delay_spread = std::min(drawn.network.delay_spread, ms(10));
  plan.world.clock = drawn.clock;
  plan.cluster.store = cluster.store;
  plan.cluster.first_position = cluster.first_position;
  plan.cluster.write_deadline = Duration::seconds(1);
  plan.cluster.fetch_positions_max = 4;
  plan.cluster.fetches_in_flight = 1;
  return plan;
}

}  // namespace

class RecoveryTeller {
 public:
  RecoveryTeller(RunPlan& plan, const sim::KeyedRandom& key)
      : plan_(plan),
        key_(key),
        from_(plan.world.length),
        turn_(static_cast<int>(sim::below(key.at("turn").draw(), members()))) {}

  int members() const { return static_cast<int>(plan_.world.nodes); }

  std::uint64_t seed() const { return plan_.world.seed; }

  std::int64_t draw(std::string_view what, std::int64_t from, std::int64_t to) const {
    return sim::uniform(key_.at(what).draw(), from, to);
  }

  // Members have parts, 1 to members(); who plays which differs from telling to telling.
  NodeId who(int part) const {
    return NodeId{static_cast<std::uint8_t>(1 + (part - 1 + turn_) % members())};
  }

  // From `from` to `to`, both included.
  NodeSet parts(int from, int to) const {
    NodeSet set;
    for (int part = from; part <= to; ++part)
      set = set | NodeSet::of(who(part));
    return set;
  }

  void act(std::int64_t at_ms, int part, OperationKind kind, std::uint32_t arg = 1) {
    plan_.operations.push_back(
        {.at = from_ + ms(at_ms), .node = who(part), .kind = kind, .arg = arg});
  }

  void appends(std::int64_t from_ms, std::int64_t to_ms, int part, std::int64_t every_ms) {
    for (std::int64_t at = from_ms; at < to_ms; at += every_ms)
      act(at, part, OperationKind::kAppend, 2);
  }

  void fault(std::int64_t from_ms, std::int64_t to_ms, Fault fault) {
    fault.at = from_ + ms(from_ms);
    fault.duration = ms(to_ms - from_ms);
    plan_.faults.push_back(fault);
  }

  void wipe(std::int64_t from_ms, std::int64_t to_ms, int part) {
    fault(from_ms, to_ms, {.kind = FaultKind::kWipe, .target = who(part)});
  }

  // Between the member that plays `part` and `others`.
  void links(std::int64_t from_ms,
             std::int64_t to_ms,
             FaultKind kind,
             int part,
             std::pair<NodeSet, sim::Direction> others) {
    fault(from_ms,
          to_ms,
          {.kind = kind,
           .target = who(part),
           .group = others.first.bits,
           .arg = static_cast<std::int64_t>(others.second)});
  }

  void ends(std::int64_t at_ms) { plan_.world.length = from_ + ms(at_ms); }

  RunPlan& plan() { return plan_; }

 private:
  RunPlan& plan_;
  sim::KeyedRandom key_;
  Duration from_;
  int turn_;
};

namespace {

using sim::Direction;

void tell_under_load(RecoveryTeller& t) {
  t.act(1, 1, OperationKind::kElect);
  t.appends(20, 2400, 1, 20);
  // Now and then somebody else takes the log.
  t.appends(1300, 2400, 2, 600);
  t.wipe(500, 500 + t.draw("down", 10, 400), static_cast<int>(t.draw("victim", 1, t.members())));
  t.ends(2500);
}

// The K-th step of a recovery that asks for anything (a send, a job of the disk, an alarm) is cut
// off, for every K; and then steps of the recoveries that follow.
void tell_crash_steps(RecoveryTeller& t) {
  constexpr std::array kCrashes{
      FaultKind::kCrashLost, FaultKind::kCrashPrefix, FaultKind::kCrashTorn, FaultKind::kRestart};
  constexpr std::int64_t kSteps = 48;
  const FaultKind crash = kCrashes[t.seed() / kSteps % kCrashes.size()];
  t.act(1, 1, OperationKind::kElect);
  t.appends(20, 2900, 1, 20);
  t.wipe(500, 560, 2);
  const auto step = static_cast<std::int64_t>(t.seed() % kSteps) + 1;
  t.fault(561, 600, {.kind = crash, .target = t.who(2), .arg = step});
  t.fault(900, 950, {.kind = crash, .target = Role::kRecovering, .arg = t.draw("second", 1, 20)});
  t.fault(1200, 1250, {.kind = crash, .target = Role::kRecovering, .arg = t.draw("third", 1, 20)});
  t.ends(3000);
}

void tell_wiped_again(RecoveryTeller& t) {
  t.act(1, 1, OperationKind::kElect);
  t.appends(20, 2900, 1, 25);
  t.appends(450, 2900, 3, 500);
  for (const int victim : {2, 3}) {
    const std::int64_t at = victim == 2 ? 400 : 1600;
    t.wipe(at, at + 50, victim);
    const std::int64_t again = at + 50 + t.draw(victim == 2 ? "again" : "once more", 2, 150);
    t.fault(again, again + 40, {.kind = FaultKind::kWipe, .target = Role::kRecovering});
  }
  t.ends(3000);
}

// The coordinator reaches one other member only, which votes and loses its disk.  Either the
// coordinator has these votes and hears later that they are of a life that is over; or they are
// held, and reach it when the member votes again.
void tell_dead_votes(RecoveryTeller& t) {
  const int victim = t.members();
  t.act(1, 1, OperationKind::kElect);
  t.appends(20, 2900, 1, 15);
  t.links(380, 1300, FaultKind::kFreeze, 1, {t.parts(2, victim - 1), Direction::kOut});
  if (t.draw("held", 0, 1) == 1)
    t.links(380, 1900, FaultKind::kFreeze, victim, {t.parts(1, 1), Direction::kOut});
  t.wipe(t.draw("wiped", 405, 440), 500, victim);
  t.act(t.draw("rival", 1000, 1800), 2, OperationKind::kElect);
  t.ends(3000);
}

// A coordinator is deposed and does not know; its writes are held while another member forgets whom
// it promised, and comes back.
void tell_deposed_writer(RecoveryTeller& t) {
  t.act(1, 1, OperationKind::kElect);
  t.appends(20, 380, 1, 20);
  t.links(390, 1900, FaultKind::kFreeze, 1, {t.parts(2, t.members()), Direction::kOut});
  t.act(400, 1, OperationKind::kAppend, 8);
  t.act(t.draw("elected", 430, 600), 2, OperationKind::kElect);
  t.appends(700, 2900, 2, 40);
  t.wipe(t.draw("wiped", 500, 900), 1000, 3);
  t.act(t.draw("late", 1700, 2000), 1, OperationKind::kAppend, 8);
  t.ends(3000);
}

// The log is cut off at its beginning while a member learns it from there.
void tell_truncation(RecoveryTeller& t) {
  t.act(1, 1, OperationKind::kElect);
  t.appends(20, 2400, 1, 10);
  t.wipe(600, 650, 2);
  const std::int64_t every = t.draw("every", 15, 60);
  for (std::int64_t at = t.draw("first", 560, 700); at < 1800; at += every)
    t.act(at, 1, OperationKind::kTruncate, static_cast<std::uint32_t>(t.draw("keep", 0, 12)));
  t.ends(2500);
}

// A life of the member registers at n1 only and is lost; so is the next one, which n1 told of it.
// The third hears nothing of n1, takes a lower number, and votes; then it meets n1.
void tell_outnumbered(RecoveryTeller& t) {
  const int victim = t.members();
  const NodeSet others = t.parts(2, victim - 1);
  t.act(1, 1, OperationKind::kElect);
  t.appends(20, 380, 1, 20);
  for (const std::int64_t at : {400, 850}) {
    t.wipe(at, at + 60, victim);
    // It hears how they count it only when it can no longer tell them anything.
    t.links(at, at + 300, FaultKind::kFreeze, victim, {others, Direction::kIn});
    t.links(at + 250, at + 500, FaultKind::kCut, victim, {others, Direction::kOut});
  }
  t.wipe(1300, 1380, victim);
  t.links(1300, 2600, FaultKind::kCut, victim, {t.parts(1, 1), Direction::kBoth});
  t.appends(1500, 3900, 2, 100);
  // n1 has to say something.
  t.act(2700, 1, OperationKind::kElect);
  t.appends(2800, 3900, 1, 100);
  t.ends(4000);
}

// Machines are switched on one after the other, some twice, and messages get lost.
void tell_first_start(RecoveryTeller& t) {
  t.plan().cluster.auto_initialise = 1;
  t.plan().cluster.first_position = 0;
  for (int part = 1; part <= t.members(); ++part) {
    const std::string name = std::to_string(part);
    t.fault(
        1, 2 + t.draw("on" + name, 0, 800), {.kind = FaultKind::kCrashLost, .target = t.who(part)});
    if (t.draw("twice" + name, 0, 1) == 0) continue;
    t.fault(900, 950, {.kind = FaultKind::kCrashTorn, .target = t.who(part), .arg = 1 + part});
  }
  t.fault(2, 2000, {.kind = FaultKind::kLoss, .arg = t.draw("lost", 1, 300'000)});
  for (const std::int64_t at : {200, 600, 1100, 1500})
    t.fault(at,
            at + 60,
            {.kind = FaultKind::kCrashLost,
             .target = Role::kRecovering,
             .arg = t.draw("step" + std::to_string(at), 1, 10)});
  t.appends(100, 3900, 1, 100);
  t.appends(1000, 3900, 2, 350);
  t.ends(4000);
}

constexpr std::array<RecoveryStory, 8> kStories{{
    {"recovery_under_load", "a member loses its disk while clients append", tell_under_load},
    {"recovery_crash_steps", "crashes at every step of a recovery", tell_crash_steps},
    {"recovery_wiped_again",
     "members lose their disks in turn, and again while they recover",
     tell_wiped_again},
    {"recovery_dead_votes",
     "what a member said before it lost its disk arrives when it votes again",
     tell_dead_votes},
    {"recovery_deposed_writer",
     "a deposed coordinator's writes are held across a recovery",
     tell_deposed_writer},
    {"recovery_truncation", "the log is truncated under a member that recovers", tell_truncation},
    {"recovery_outnumbered",
     "a life that was lost registered at one member only, under a higher number",
     tell_outnumbered},
    {"first_start",
     "empty members initialise a log through staggered boots, crashes and lost messages",
     tell_first_start,
     true},
}};

RunPlan draw_alone(std::string_view name, std::uint64_t seed, sim::Profile profile, int members) {
  const auto* const story = std::ranges::find(kStories, name, &RecoveryStory::name);
  HOLDFAST_REQUIRE(story != kStories.end(), name);
  const std::array<const RecoveryStory*, 1> alone{story};
  RunPlan plan = draw_recovery_chain(alone, seed, members);
  plan.world.profile = profile;
  return plan;
}

// Three, five or seven members.
int drawn_size(std::uint64_t seed) {
  return 3 + 2 * static_cast<int>(sim::below(sim::KeyedRandom(seed).at("recovery size").draw(), 3));
}

}  // namespace

std::span<const RecoveryStory> recovery_stories() {
  return kStories;
}

RunPlan draw_recovery_chain(std::span<const RecoveryStory* const> stories,
                            std::uint64_t seed,
                            int members) {
  HOLDFAST_REQUIRE(!stories.empty());
  std::string name;
  for (const RecoveryStory* story : stories)
    name += (name.empty() ? "" : "+") + std::string(story->name);
  RunPlan plan = stage(name, seed, members);
  const sim::KeyedRandom key = sim::KeyedRandom(seed).at("recovery");
  for (std::size_t i = 0; i < stories.size(); ++i) {
    HOLDFAST_REQUIRE(i == 0 || !stories[i]->from_nothing, stories[i]->name);
    RecoveryTeller teller(plan, key.at(stories[i]->name).at(i));
    stories[i]->tell(teller);
  }
  return plan;
}

RunPlan draw_recovery_all_disks(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = stage("recovery_all_disks", seed, 3);
  // No budget pays for that, whatever profile is asked for.
  plan.world.profile = profile == sim::Profile::kDefault ? sim::Profile::kBeyond : profile;
  RecoveryTeller t(plan, sim::KeyedRandom(seed).at("recovery_all_disks"));
  t.act(1, 1, OperationKind::kElect);
  t.appends(20, 900, 1, 20);
  for (int part = 1; part <= 3; ++part) {
    const std::int64_t at = 1000 + t.draw("at" + std::to_string(part), 0, 20);
    t.wipe(at, at + t.draw("down" + std::to_string(part), 25, 500), part);
  }
  t.act(3000, 1, OperationKind::kElect);
  t.act(3000, 2, OperationKind::kRead, 0);
  t.ends(5000);
  return plan;
}

RunPlan draw_recovery_hour(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = stage("wipe_hour", seed, 5);
  plan.world.profile = profile;
  // Few enough events that an hour is played in seconds.
  plan.cluster.chosen_interval = Duration::seconds(2);
  plan.cluster.fetch_positions_max = 256;
  plan.cluster.fetches_in_flight = 3;
  RecoveryTeller t(plan, sim::KeyedRandom(seed).at("wipe_hour"));
  constexpr std::int64_t kHour = 3'600'000;
  constexpr std::int64_t kMinute = 60'000;
  t.act(1, 1, OperationKind::kElect);
  t.appends(500, kHour, 1, 2500);
  t.appends(20'000, kHour, 2, 5 * kMinute);
  for (std::int64_t at = 2000; at < kHour; at += 10 * kMinute)
    t.act(at, 1, OperationKind::kTruncate, 100);
  for (std::int64_t minute = 0; minute < 60; ++minute) {
    const std::string name = std::to_string(minute);
    const std::int64_t at = minute * kMinute + t.draw("at" + name, 1000, 50'000);
    t.wipe(at,
           at + t.draw("down" + name, 10, 5000),
           static_cast<int>(t.draw("victim" + name, 1, t.members())));
  }
  t.ends(kHour);
  return plan;
}

RunPlan draw_recovery_under_load(std::uint64_t seed, sim::Profile profile) {
  return draw_alone("recovery_under_load", seed, profile, drawn_size(seed));
}

RunPlan draw_recovery_crash_steps(std::uint64_t seed, sim::Profile profile) {
  return draw_alone("recovery_crash_steps", seed, profile, 3);
}

RunPlan draw_recovery_wiped_again(std::uint64_t seed, sim::Profile profile) {
  return draw_alone("recovery_wiped_again", seed, profile, drawn_size(seed));
}

RunPlan draw_recovery_dead_votes(std::uint64_t seed, sim::Profile profile) {
  return draw_alone("recovery_dead_votes", seed, profile, 5);
}

RunPlan draw_recovery_deposed_writer(std::uint64_t seed, sim::Profile profile) {
  return draw_alone("recovery_deposed_writer", seed, profile, drawn_size(seed));
}

RunPlan draw_recovery_truncation(std::uint64_t seed, sim::Profile profile) {
  return draw_alone("recovery_truncation", seed, profile, drawn_size(seed));
}

RunPlan draw_recovery_outnumbered(std::uint64_t seed, sim::Profile profile) {
  return draw_alone("recovery_outnumbered", seed, profile, 7);
}

RunPlan draw_first_start(std::uint64_t seed, sim::Profile profile) {
  return draw_alone("first_start", seed, profile, drawn_size(seed));
}

}  // namespace holdfast::scenarios
