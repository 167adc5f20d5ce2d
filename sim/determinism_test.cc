#include "sim/determinism.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/toy_cast.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

using testing::HasSubstr;

// Two nodes pass a ball; from pass `changed` on it is another ball.
void play(EventSink& sink, int passes, int changed) {
  ToyCast cast;
  int number = 0;
  const auto pass = [&](Toy& toy) {
    if (++number > passes) return;
    const std::string ball = number < changed ? "the ball" : "not that ball";
    toy.ports.network.send(toy.node == NodeId{1} ? NodeId{2} : NodeId{1}, frame_of(ball));
  };
  cast.script.start = [&](Toy& toy) {
    if (toy.node == NodeId{1}) pass(toy);
  };
  cast.script.frame = [&](Toy& toy, const std::string&) { pass(toy); };
  ToyObserver observer;
  World world(quiet_options(2), cast, observer);
  world.set_event_sink(&sink);
  world.boot_all();
  world.run_until(after(Duration::seconds(1)));
}

constexpr int kNever = 1'000;

TEST(Determinism, EqualRunsAreEqual) {
  EventLog log;
  play(log, 50, kNever);
  EXPECT_EQ(log.records().size(), 50u);
  EventFollower follower(log);
  play(follower, 50, kNever);
  EXPECT_FALSE(follower.finish().has_value());
}

TEST(Determinism, TheFirstDifferingEventIsNamedWithTheTwentyBefore) {
  EventLog log;
  play(log, 50, kNever);
  EventFollower follower(log);
  play(follower, 50, 40);
  const auto divergence = follower.finish();
  ASSERT_TRUE(divergence.has_value());
  // Pass 40 is made in the step of event 38 (from 0), whose requests differ.
  EXPECT_EQ(divergence->first->index, 38u);
  EXPECT_EQ(divergence->second->index, 38u);
  EXPECT_EQ(divergence->first->content, divergence->second->content);
  EXPECT_NE(divergence->first->fingerprint, divergence->second->fingerprint);
  ASSERT_EQ(divergence->before.size(), 20u);
  EXPECT_EQ(divergence->before.front().index, 18u);
  EXPECT_EQ(divergence->before.back().index, 37u);
  EXPECT_THAT(to_string(*divergence), HasSubstr("#38 0.039000000s delivery 1 -> 2"));
}

TEST(Determinism, ARunThatEndsEarlyOrLateDiffersThere) {
  EventLog log;
  play(log, 30, kNever);
  EventFollower longer(log);
  play(longer, 31, kNever);
  EXPECT_EQ(longer.finish()->second->index, 29u) << "the step that passes on once more";
  EventFollower none(log);
  const auto divergence = none.finish();
  ASSERT_TRUE(divergence.has_value());
  EXPECT_FALSE(divergence->second.has_value());
  EXPECT_THAT(to_string(*divergence), HasSubstr("the run is over"));
}

TEST(Determinism, ALogIsSavedAndLoadedAndDamageIsRefused) {
  EventLog log;
  play(log, 10, kNever);
  std::string bytes = log.save();
  const auto loaded = EventLog::load(bytes);
  ASSERT_TRUE(loaded.has_value()) << loaded.error();
  EXPECT_EQ(loaded->records(), log.records());
  EXPECT_EQ(EventLog::load("short").error(), "too short for an event log");
  EXPECT_THAT(EventLog::load(bytes.substr(0, bytes.size() - 1)).error(), HasSubstr("cut off"));
  EXPECT_EQ(EventLog::load(std::string(100, 'x')).error(), "no event log of format 1");
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_THAT(EventLog::load(bytes).error(), HasSubstr("damaged"));
  EXPECT_TRUE(EventLog::load(EventLog().save())->records().empty());
}

}  // namespace
}  // namespace holdfast::sim
