#include "tools/sim_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::tools {
namespace {

using scenarios::find_scenario;
using testing::HasSubstr;
using testing::IsEmpty;

scenarios::PointCounts all_but(Point point) {
  scenarios::PointCounts points;
  points.fill(1);
  points[static_cast<std::size_t>(point)] = 0;
  return points;
}

TEST(SimPoints, ACommonOneIsMissedAtOnce) {
  EXPECT_THAT(missed_points(all_but(Point::kFrameCorrupt)), HasSubstr("(kFrameCorrupt)"));
  EXPECT_THAT(missed_points(all_but(Point::kFrameForeign)), IsEmpty()) << "is rare";
}

TEST(SimPoints, ASoakOfTheSwarmMissesRareOnesToo) {
  const scenarios::Scenario& swarm = *find_scenario("swarm");
  EXPECT_THAT(missed_points(all_but(Point::kFrameCorrupt), swarm), HasSubstr("(kFrameCorrupt)"));
  EXPECT_THAT(missed_points(all_but(Point::kFrameForeign), swarm), HasSubstr("(kFrameForeign)"));
  EXPECT_THAT(missed_points(all_but(Point::kOutnumbered), swarm), IsEmpty()) << "is of wipes";
}

TEST(SimPoints, ASoakOfAnotherScenarioMissesItsOwn) {
  const scenarios::Scenario& wipes = *find_scenario("wipes");
  EXPECT_THAT(missed_points(all_but(Point::kOutnumbered), wipes), HasSubstr("(kOutnumbered)"));
  EXPECT_THAT(missed_points(all_but(Point::kFrameForeign), wipes), IsEmpty());
  EXPECT_THAT(missed_points(scenarios::PointCounts{}, *find_scenario("duel")), IsEmpty());
}

TEST(SimPoints, EachIsWantedOfExactlyOneSoak) {
  for (std::size_t i = 0; i < points().size(); ++i) {
    int wanted = 0;
    for (const scenarios::Scenario& scenario : scenarios::scenarios())
      wanted += missed_points(all_but(static_cast<Point>(i)), scenario).empty() ? 0 : 1;
    EXPECT_EQ(wanted, 1) << points()[i].name;
  }
}

}  // namespace
}  // namespace holdfast::tools
