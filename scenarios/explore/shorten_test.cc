#include "scenarios/explore/shorten.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "scenarios/explore/exploration.h"
#include "scenarios/explore/log_referee.h"

namespace holdfast::scenarios {
namespace {

using explore::Choice;
using explore::Ending;

const Configuration& named(const std::string& name) {
  const auto& all = configurations();
  const auto found = std::ranges::find(all, name, &Configuration::name);
  EXPECT_NE(found, all.end()) << name;
  return *found;
}

std::size_t events_of(const Explored& explored) {
  return explored.counterexample.size() - explored.script_events;
}

Explored walked(const char* name, Engine engine, std::uint32_t bug_depth) {
  ExploreOptions options;
  options.engine = engine;
  options.walks = {
      .walks = 20'000, .seed = 1, .choice = Choice::kPriorities, .bug_depth = bug_depth};
  if (engine == Engine::kReplay) {
    options.terms.identity = explore::Identity::kHistory;
    options.reductions.dead_frames = false;
  }
  return explore_log(named(name), options, {});
}

// Ten: a search breadth first finds none that is shorter (docs/certificates, mesos_g1).
TEST(Shorten, AWalkBecomesAsShortAsTheShortest) {
  const Explored found = walked("mesos_g1", Engine::kReplay, 4);
  ASSERT_EQ(found.result.ending, Ending::kViolation);
  EXPECT_TRUE(found.agreed());
  EXPECT_GT(found.found_events, events_of(found));
  EXPECT_EQ(events_of(found), 10u);
}

TEST(Shorten, WhatIsShortStaysAsItIs) {
  const Explored shortest = explore_log(named("mesos_g3"), {}, {});
  const LogCompany company(named("mesos_g3").company);
  const LogReferee referee(3);
  const auto begin = [&] {
    return explore::System(company, referee, shortest.bounds, ExploreOptions().terms, {});
  };
  const Shortened again = shorten(begin, shortest.counterexample, shortest.script_events);
  EXPECT_EQ(again.events.size(), shortest.counterexample.size());
  EXPECT_EQ(again.violation, shortest.result.violation.text);
  EXPECT_GE(again.tried, 3u);
}

TEST(Shorten, BothEnginesWalkToWhatIsConfirmed) {
  const Explored memo = walked("mesos_g3", Engine::kMemo, 3);
  const Explored alive = walked("mesos_g3", Engine::kReplay, 3);
  for (const Explored* each : {&memo, &alive}) {
    ASSERT_EQ(each->result.ending, Ending::kViolation);
    EXPECT_TRUE(each->agreed());
    EXPECT_LE(events_of(*each), each->found_events);
  }
  const Explored again = walked("mesos_g3", Engine::kReplay, 3);
  EXPECT_EQ(again.walked->walks, alive.walked->walks);
  EXPECT_EQ(again.walked->steps, alive.walked->steps);
  EXPECT_EQ(events_of(again), events_of(alive));
}

}  // namespace
}  // namespace holdfast::scenarios
