#include "real/server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/events.h"

namespace holdfast::real {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kAppend = 0;

MetricsMoment moment() {
  MetricsMoment now;
  now.status.member = NodeId{2};
  now.status.status = Status::kVoting;
  return now;
}

TEST(Metrics, OfAMomentAreWhatItSays) {
  const Metrics metrics("orders", NodeId{2});
  MetricsMoment now = moment();
  now.status.role = MemberRole::kCoordinator;
  now.status.begin = Position{10};
  now.status.end = Position{20};
  now.status.incarnation = Incarnation{3};
  now.network.sent = 7;
  now.requests_waiting = 4;
  now.network.refused = 5;
  now.clients_refused = 6;
  now.disk_free_bytes = 1 << 20;
  now.disk_is_low = true;
  const std::string text = metrics.text(now);
  EXPECT_THAT(text, HasSubstr("# TYPE holdfast_begin gauge\n"));
  EXPECT_THAT(text, HasSubstr("holdfast_begin{cluster=\"orders\",member=\"2\"} 10\n"));
  EXPECT_THAT(text, HasSubstr("holdfast_end{cluster=\"orders\",member=\"2\"} 20\n"));
  EXPECT_THAT(text, HasSubstr("holdfast_learned{cluster=\"orders\",member=\"2\"} -1\n"));
  EXPECT_THAT(text, HasSubstr("holdfast_incarnation{cluster=\"orders\",member=\"2\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("holdfast_coordinating{cluster=\"orders\",member=\"2\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("status=\"VOTING\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("status=\"RECOVERING\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("what=\"sent\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("port=\"members\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("port=\"clients\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("holdfast_disk_low{cluster=\"orders\",member=\"2\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("holdfast_disk_free_bytes{cluster=\"orders\",member=\"2\"} 1048576\n"));
  EXPECT_THAT(text, HasSubstr("holdfast_requests_waiting{cluster=\"orders\",member=\"2\"} 4\n"));
}

TEST(Metrics, RequestsAreMeasuredByWhatCameOfThem) {
  Metrics metrics("orders", NodeId{2});
  metrics.answered(kAppend, {1, Written{Position{5}}}, Duration::milliseconds(3));
  metrics.answered(kAppend, {2, Written{Position{6}}}, Duration::milliseconds(30));
  metrics.answered(
      kAppend, {3, Failed{.kind = ErrorKind::kTooLarge, .text = ""}}, Duration::milliseconds(1));
  const std::string text = metrics.text(moment());
  EXPECT_THAT(text, HasSubstr("kind=\"append\",outcome=\"ok\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kind=\"append\",outcome=\"ok\",le=\"0.05\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("kind=\"append\",outcome=\"ok\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("kind=\"append\",outcome=\"too_large\"} 1\n"));
}

TEST(Metrics, JobsOfTheDiskAreMeasuredByLane) {
  Metrics metrics("orders", NodeId{2});
  metrics.job_ended(Lane::kCommit, Duration::milliseconds(1), Duration::milliseconds(4));
  const std::string text = metrics.text(moment());
  EXPECT_THAT(
      text,
      HasSubstr(
          "holdfast_disk_seconds_count{cluster=\"orders\",member=\"2\",lane=\"commit\"} 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr("holdfast_disk_seconds_count{cluster=\"orders\",member=\"2\",lane=\"bulk\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("lane=\"commit\",le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("lane=\"commit\",le=\"0.005\"} 1\n"));
}

TEST(Metrics, ElectionsAreMeasuredFromTheirFirstBallot) {
  Metrics metrics("orders", NodeId{2});
  const auto event = [&](EventKind kind, std::int64_t ms) {
    metrics.on_event({.at = Instant::at(ms * 1'000'000), .kind = kind, .words = {}, .bytes = {}});
  };
  event(EventKind::kElected, 1);
  EXPECT_THAT(metrics.text(moment()), Not(HasSubstr("holdfast_election_seconds_count")));
  event(EventKind::kElecting, 10);
  event(EventKind::kElecting, 20);
  event(EventKind::kElected, 40);
  event(EventKind::kElecting, 50);
  event(EventKind::kElectionLost, 51);
  const std::string text = metrics.text(moment());
  EXPECT_THAT(text, HasSubstr("outcome=\"won\"} 0.03\n"));
  EXPECT_THAT(text, HasSubstr("outcome=\"lost\"} 0.001\n"));
  EXPECT_THAT(text, HasSubstr("event=\"electing\"} 3\n"));
}

}  // namespace
}  // namespace holdfast::real
