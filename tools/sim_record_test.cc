#include "tools/sim_record.h"

#include <gtest/gtest.h>

namespace holdfast::tools {
namespace {

SeedRecord full_record() {
  SeedRecord record;
  record.index = 3;
  record.seed = 1003;
  record.figures.fingerprint = 0xfeedface;
  record.figures.exit_code = kExitSafety;
  record.figures.counters.network.sent = 77;
  record.figures.points[5] = 9;
  record.found.push_back({.property = "agreement",
                          .kind = "safety",
                          .event = 48112,
                          .event_kind = "learned",
                          .time_ns = 5,
                          .node = 3,
                          .text = "two values",
                          .check = "x.cc:1"});
  record.found.push_back({.property = "durability", .kind = "safety"});
  record.note = std::string("with \0 inside", 13);
  record.divergence = "d";
  record.output = "o";
  return record;
}

TEST(SeedRecord, TravelsWhole) {
  const SeedRecord record = full_record();
  const auto loaded = load(save(record));
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->index, record.index);
  EXPECT_EQ(loaded->seed, record.seed);
  EXPECT_EQ(loaded->figures.fingerprint, record.figures.fingerprint);
  EXPECT_EQ(loaded->figures.counters.network.sent, 77u);
  EXPECT_EQ(loaded->figures.points, record.figures.points);
  EXPECT_EQ(loaded->found, record.found);
  EXPECT_EQ(loaded->note, record.note);
  EXPECT_EQ(loaded->divergence, record.divergence);
  EXPECT_EQ(loaded->output, record.output);
  EXPECT_EQ(save(*loaded), save(record));
}

TEST(SeedRecord, RefusesWhatWasCutOrExtended) {
  const std::string bytes = save(full_record());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(load(std::string_view(bytes).substr(0, size)).has_value()) << size;
  EXPECT_FALSE(load(bytes + "x").has_value());
}

TEST(SeedRecord, TheHeaviestFailureNamesIt) {
  SeedRecord record;
  EXPECT_EQ(record.exit_code(), kExitPassed);
  record.crash = "died";
  EXPECT_EQ(record.exit_code(), kExitCrash);
  record.figures.exit_code = kExitLiveness;
  EXPECT_EQ(record.exit_code(), kExitLiveness);
  record.divergence = "differs";
  EXPECT_EQ(record.exit_code(), kExitNotDeterministic);
  record.figures.exit_code = kExitSafety;
  EXPECT_EQ(record.exit_code(), kExitSafety);
}

}  // namespace
}  // namespace holdfast::tools
