#include "real/server/http_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace holdfast::real {
namespace {

using ::testing::HasSubstr;

class HttpPagesTest : public ::testing::Test {
 protected:
  HttpPagesTest() {
    config_.cluster_name = "orders";
    config_.members = {{NodeId{1}, {"a", 1}, {"a", 2}, Address{"a", 3}},
                       {NodeId{2}, {"b", 1}, {"b", 2}, {}}};
    config_.self = Config::Self{NodeId{1}, "/data"};
    status_.member = NodeId{1};
    status_.status = Status::kVoting;
    status_.coordinator = NodeId{2};
  }

  Config config_;
  MemberStatus status_;
  HttpPages pages_{config_,
                   {.status = [this] { return status_; }, .metrics = [] { return "m 1\n"; }}};
};

TEST_F(HttpPagesTest, HealthIsToAnswer) {
  EXPECT_EQ(pages_.answer("/healthz").status, 200u);
}

TEST_F(HttpPagesTest, ReadyIsToVoteAndToKnowWhoCoordinates) {
  EXPECT_EQ(pages_.answer("/readyz").status, 200u);
  status_.coordinator.reset();
  EXPECT_EQ(pages_.answer("/readyz").status, 503u);
  EXPECT_THAT(pages_.answer("/readyz").body, HasSubstr("nobody is known to coordinate"));
  status_.status = Status::kRecovering;
  status_.waits_for = "two members";
  EXPECT_EQ(pages_.answer("/readyz").body, "RECOVERING: two members\n");
}

TEST_F(HttpPagesTest, StatusIsForPrograms) {
  status_.end = Position{7};
  const HttpAnswer answer = pages_.answer("/status.json");
  EXPECT_EQ(answer.content_type, "application/json");
  const auto json = nlohmann::json::parse(answer.body);
  EXPECT_EQ(json["cluster"], "orders");
  EXPECT_EQ(json["member"], 1);
  EXPECT_EQ(json["status"], "VOTING");
  EXPECT_EQ(json["end"], 7);
  EXPECT_TRUE(json["learned"].is_null());
  EXPECT_EQ(json["coordinator"], 2);
  ASSERT_EQ(json["members"].size(), 2u);
  EXPECT_EQ(json["members"][0]["http_address"], "a:3");
  EXPECT_TRUE(json["members"][1]["http_address"].is_null());
}

TEST_F(HttpPagesTest, OtherPathsAreNamed) {
  EXPECT_EQ(pages_.answer("/metrics").body, "m 1\n");
  EXPECT_THAT(pages_.answer("/").body, HasSubstr("<!doctype html>"));
  EXPECT_EQ(pages_.answer("/else").status, 404u);
  EXPECT_THAT(pages_.answer("/else").body, HasSubstr("/readyz"));
}

}  // namespace
}  // namespace holdfast::real
