#include "sim/plan.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/arbitrary_plan.h"
#include "sim/knobs.h"
#include "sim/schedule.h"
#include "sim/toy_cast.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

using testing::HasSubstr;

RC_GTEST_PROP(Plan, ReadsBackAsItWasWritten, (const Plan& plan)) {
  const auto read = parse_plan(save_plan(plan));
  if (!read) RC_FAIL(read.error());
  RC_ASSERT(*read == plan);
}

RC_GTEST_PROP(Plan, EveryFaultReadsBackAsItWasWritten, ()) {
  const Fault fault = *arbitrary_fault(7, Duration::seconds(100));
  RC_ASSERT(validate(fault, 7) == "");
  const auto read = parse_fault(to_string(fault));
  if (!read) RC_FAIL(read.error());
  RC_ASSERT(*read == fault);
  RC_ASSERT(identity(*read) == identity(fault));
}

// No text whatever makes the parser abort, and what it refuses it explains.
RC_GTEST_PROP(Plan, DamagedTextIsRefusedWithALineOrStillAPlan, (const Plan& plan)) {
  std::string text = save_plan(plan);
  const auto at =
      static_cast<std::size_t>(arbitrary_within(0, static_cast<std::int64_t>(text.size()) - 1));
  text[at] = static_cast<char>(arbitrary_within(-128, 127));
  const auto read = parse_plan(text);
  RC_ASSERT(read.has_value() || !read.error().empty());
}

TEST(PlanErrors, NameTheLineTheFieldAndWhatToDo) {
  const std::map<std::string, std::string> cases{
      {"", "must be 'holdfast-plan 1'"},
      {"hello", "line 1: 'hello' is no beginning of a plan; the first line must be"},
      {"holdfast-plan 2", "must be 'holdfast-plan 1'"},
      {"holdfast-plan 1\nfrobnicate x", "line 2: unknown item 'frobnicate'; use option, fault"},
      {"holdfast-plan 1\n\n# c\noption nodes 99",
       "line 4: option 'nodes': '99' is no value for it; use 1 to 7"},
      {"holdfast-plan 1\noption network.loss 3%", "use 0ppm to 1000000ppm"},
      {"holdfast-plan 1\noption length 5", "'5' is no value for it; use 1ns to"},
      {"holdfast-plan 1\noption schedule.style wild", "use one of uniform frozen phases mixed"},
      {"holdfast-plan 1\noption speed 5", "option 'speed': there is no knob of that name"},
      {"holdfast-plan 1\noption nodes 3\noption nodes 5", "comes twice"},
      {"holdfast-plan 1\noption nodes 3\noption quorum 1", "quorum is no majority"},
      {"holdfast-plan 1\nfault meteor at=1s", "unknown fault 'meteor'; use one of cut isolate"},
      {"holdfast-plan 1\nfault pause at=1 for=1s target=1",
       "at= has the value '1'; use a time such as 1500ms"},
      {"holdfast-plan 1\nfault pause at=1s for=1s",
       "pause: target= is missing; name a node or a role"},
      {"holdfast-plan 1\nfault pause at=1s for=1s target=king", "a node such as 2, or coordinator"},
      {"holdfast-plan 1\nfault pause at=1s target=1 rate=3ppm", "unknown field 'rate'"},
      {"holdfast-plan 1\nfault loss at=1s for=1s rate=2000000ppm",
       "rate= is out of range; use 1ppm to 1000000ppm"},
      {"holdfast-plan 1\nfault split at=1s for=1s nodes=1;2", "nodes as 1,3"},
      {"holdfast-plan 1\nfault jump at=1s for=1s target=1 by=1s", "for= has no meaning here"},
      {"holdfast-plan 1\nfault crash_lost at=1s oops", "'oops' is no FIELD=VALUE"},
      {"holdfast-plan 1\nscenario", "scenario has no key"},
      {"holdfast-plan 1\nscenario a 1\nscenario a 2", "scenario key 'a' comes twice"},
      {"holdfast-plan 1\noperation", "operation has no text"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto read = parse_plan(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_THAT(read.error(), HasSubstr(wanted));
  }
}

TEST(Plan, WhatIsLeftOutHasItsDefault) {
  const auto plan = parse_plan(
      "holdfast-plan 1\r\n  option nodes 5\noption quorum 3\nfault isolate at=1s for=20ms "
      "target=4\n");
  ASSERT_TRUE(plan.has_value()) << plan.error();
  WorldOptions expected;
  expected.nodes = 5;
  expected.quorum = 3;
  EXPECT_TRUE(plan->world == expected);
  ASSERT_EQ(plan->faults.size(), 1u);
  EXPECT_EQ(to_string(plan->faults[0]), "isolate at=1s for=20ms target=4");
}

TEST(Options, EveryKnobHasAUniqueNameAndIsDescribed) {
  const WorldOptions options;
  std::set<std::string_view> names;
  visit_knobs(options, [&](const Knob& knob, const auto& field) {
    EXPECT_TRUE(names.insert(knob.name).second) << knob.name;
    EXPECT_LE(knob.min, load_knob(field)) << knob.name;
    EXPECT_GE(knob.max, load_knob(field)) << knob.name;
    EXPECT_FALSE(knob.help.empty());
  });
  EXPECT_EQ(validate(options), "");
  const std::string text = describe(options);
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), names.size());
  for (const std::string_view name : names)
    EXPECT_THAT(text, HasSubstr(std::string(name)));
}

TEST(Options, EqualityLooksAtEveryKnob) {
  const WorldOptions options;
  std::size_t knobs = 0;
  visit_knobs(options, [&](const Knob&, const auto&) { ++knobs; });
  for (std::size_t changed = 0; changed < knobs; ++changed) {
    WorldOptions other;
    std::size_t number = 0;
    visit_knobs(other, [&](const Knob&, auto& field) {
      if (number++ == changed) store_knob(field, load_knob(field) == 0 ? 1 : 0);
    });
    EXPECT_FALSE(other == options) << changed;
  }
}

TEST(Options, DrawnOnesAreValidAndLeaveClassesOut) {
  std::map<std::string_view, int> off;
  std::map<Style, int> styles;
  std::map<std::int64_t, int> sizes;
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    const WorldOptions options = draw_world_options(seed, Profile::kDefault);
    ASSERT_EQ(validate(options), "") << seed;
    ++styles[options.schedule.style];
    ++sizes[options.nodes];
    off["loss"] += options.network.loss_ppm == 0;
    off["duplicate"] += options.network.duplicate_ppm == 0;
    off["crashes"] += options.schedule.crashes_every == Duration();
    off["wipes"] += options.schedule.wipes_every == Duration();
    off["disks"] += options.schedule.disks_every == Duration();
    off["cuts"] += options.schedule.cuts_every == Duration();
  }
  for (const auto& [name, count] : off) {
    EXPECT_GT(count, 150) << name;
    EXPECT_LT(count, 750) << name;
  }
  EXPECT_EQ(styles.size(), 4u);
  EXPECT_EQ(sizes.size(), 7u);
  for (const auto& [nodes, count] : sizes)
    EXPECT_GT(count, 10) << nodes;
}

TEST(Schedule, DrawsEveryKindAndOnlyValidFaults) {
  std::map<FaultKind, std::size_t> kinds;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const Plan plan = draw_plan(seed, seed % 2 == 0 ? Profile::kDefault : Profile::kBeyond);
    EXPECT_LT(plan.faults.size(), 3'000u);
    for (const Fault& fault : plan.faults) {
      ASSERT_EQ(validate(fault, static_cast<int>(plan.world.nodes)), "") << fault;
      ++kinds[fault.kind];
      if (plan.world.profile == Profile::kDefault) {
        EXPECT_NE(info(fault.kind).fault_class, FaultClass::kBeyond) << fault;
      }
    }
  }
  for (const FaultInfo& kind : kFaultCatalogue)
    EXPECT_GT(kinds[kind.kind], 5u) << kind.name;
}

TEST(Schedule, AClassSwitchedOffLeavesTheOthersAsTheyWere) {
  WorldOptions options = draw_world_options(11, Profile::kDefault, 5);
  options.schedule.style = Style::kUniform;
  options.schedule.cuts_every = options.length / 10;
  options.schedule.crashes_every = options.length / 10;
  const std::vector<Fault> both = draw_faults(options);
  options.schedule.cuts_every = Duration();
  const std::vector<Fault> fewer = draw_faults(options);
  std::vector<Fault> kept;
  for (const Fault& fault : both) {
    if (info(fault.kind).fault_class != FaultClass::kCuts) kept.push_back(fault);
  }
  EXPECT_EQ(kept, fewer);
  EXPECT_LT(fewer.size(), both.size());
}

// A list of faults taken apart in any way still runs.
RC_GTEST_PROP(Plan, AnyFaultsRunToTheEnd, ()) {
  ToyCast cast;
  cast.script.start = [](Toy& toy) {
    toy.ports.clock.set_alarm(toy.ports.clock.now() + Duration::milliseconds(7));
  };
  cast.script.alarm = [](Toy& toy) {
    toy.ports.network.send(toy.node == NodeId{1} ? NodeId{2} : NodeId{1}, frame_of("beat"));
    toy.ports.disk.submit(
        Lane::kCommit, [] {}, [] {});
    toy.ports.clock.set_alarm(toy.ports.clock.now() + Duration::milliseconds(7));
  };
  cast.roles[Role::kCoordinator] = {NodeId{1}};
  ToyObserver observer;
  WorldOptions options = quiet_options(3);
  options.profile = Profile::kBeyond;
  const auto faults = *arbitrary_faults(3, Duration::seconds(1));
  World world(options, cast, observer);
  world.schedule(faults);
  world.boot_all();
  world.run_until(after(Duration::seconds(1)));
  world.heal(NodeSet::first(3));
  for (std::uint8_t node = 1; node <= 3; ++node)
    RC_ASSERT(world.up(NodeId{node}));
  const std::uint64_t delivered = world.counters().network.delivered;
  world.run_until(after(Duration::seconds(2)));
  RC_ASSERT(world.counters().network.delivered > delivered + 100);
}

}  // namespace
}  // namespace holdfast::sim
