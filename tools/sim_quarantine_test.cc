#include "tools/sim_quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Quarantine quarantine_of(const std::string& text) {
  auto parsed = Quarantine::parse(text, "known.txt", "2026-11-26");
  EXPECT_TRUE(parsed.has_value()) << parsed.error();
  return *parsed;
}

SeedRecord broken(const std::vector<std::string>& properties) {
  SeedRecord record;
  record.figures.exit_code = kExitSafety;
  for (const std::string& property : properties)
    record.found.push_back({.property = property, .kind = "safety"});
  return record;
}

std::string excuse(Quarantine& quarantine, const SeedRecord& record) {
  return quarantine.excuse({.scenario = "swarm", .capsule = "swarm-7.plan", .record = record});
}

TEST(Quarantine, CoversARunThatBreaksNothingElse) {
  Quarantine quarantine = quarantine_of(
      "property swarm agreement issue=#1 one\n"
      "property swarm durability issue=#2 two\n"
      "property duel history issue=#3 three\n");
  EXPECT_EQ(excuse(quarantine, broken({"agreement"})), "one (#1)");
  EXPECT_EQ(excuse(quarantine, broken({"durability", "agreement", "durability"})),
            "two (#2); one (#1)");
  EXPECT_EQ(excuse(quarantine, broken({"agreement", "validity"})), "");
  EXPECT_EQ(excuse(quarantine, broken({"history"})), "") << "that is quarantined for duel only";
}

TEST(Quarantine, NeverCoversARunThatWasNotTheSameTwice) {
  Quarantine quarantine = quarantine_of("property swarm agreement issue=#1 one\n");
  SeedRecord record = broken({"agreement"});
  record.divergence = "differs";
  EXPECT_EQ(excuse(quarantine, record), "");
  EXPECT_EQ(excuse(quarantine, broken({})), "");
}

TEST(Quarantine, CoversACapsuleWhateverItBreaks) {
  Quarantine quarantine = quarantine_of("capsule swarm-7.plan until=2026-11-26 last day\n");
  SeedRecord record = broken({"agreement"});
  record.divergence = "differs";
  EXPECT_EQ(excuse(quarantine, record), "last day (until 2026-11-26)");
  EXPECT_EQ(quarantine.excuse({.scenario = "swarm", .capsule = "swarm-8.plan", .record = record}),
            "");
}

TEST(Quarantine, ExpiresAndGoesStale) {
  Quarantine quarantine = quarantine_of(
      "capsule swarm-7.plan until=2026-11-25 over\n"
      "capsule mended.plan issue=#1 x\n"
      "capsule gone.plan issue=#1 x\n"
      "property swarm agreement issue=#1 x\n"
      "property swarm durability issue=#1 x\n"
      "property duel history issue=#1 nobody played it\n");
  EXPECT_EQ(excuse(quarantine, broken({"history"})), "") << "it has expired";
  EXPECT_EQ(excuse(quarantine, broken({"agreement"})), "x (#1)");
  Played played{.capsules = {"mended.plan", "swarm-7.plan"}, .runs = {{"swarm", 1200}}};
  EXPECT_THAT(quarantine.stale(played),
              ElementsAre(HasSubstr("known.txt:1: expired after 2026-11-25"),
                          HasSubstr("known.txt:2: capsule mended.plan passes now"),
                          HasSubstr("known.txt:3: no decision file gone.plan"),
                          HasSubstr("known.txt:5: none of 1,200 runs of swarm broke durability")));
  EXPECT_THAT(Quarantine().stale(played), IsEmpty());
}

}  // namespace
}  // namespace holdfast::tools
