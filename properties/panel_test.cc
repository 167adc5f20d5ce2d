#include "properties/panel.h"

#include <algorithm>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/catalog.h"
#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

TEST(Catalog, NamesAreDistinctAndEveryPropertyIsDocumented) {
  std::set<std::string_view> names;
  for (const CatalogEntry& row : catalog()) {
    EXPECT_TRUE(names.insert(row.info->name).second) << row.info->name;
    EXPECT_FALSE(row.info->statement.empty()) << row.info->name;
    EXPECT_FALSE(row.info->reference.empty()) << row.info->name;
  }
  EXPECT_EQ(names.size(), 17u);
}

TEST(Catalog, EveryJudgeIsItsRow) {
  Verdict verdict;
  const Facts facts({.ids = {{1}, {2}, {3}}, .quorum = 2});
  for (const CatalogEntry& row : catalog())
    EXPECT_EQ(&row.make({.facts = facts, .verdict = verdict})->info(), row.info);
}

TEST(Catalog, BeyondTheBudgetOnlyWhatHoldsIsJudged) {
  Story run({{1}, {2}, {3}}, 2, Profile::kBeyond);
  std::set<std::string_view> names;
  for (const PropertyInfo* info : run.panel().sitting())
    names.insert(info->name);
  EXPECT_EQ(names, (std::set<std::string_view>{"exactly_once", "learned_is_chosen", "validity"}));
  EXPECT_EQ(run.panel().progress(), nullptr);
}

TEST(NoAbort, AStopWithoutAStorageFault) {
  Story run;
  run.boot_all();
  run.event(2, EventKind::kStopped, {0}, "sync failed");
  EXPECT_EQ(run.count("no_abort"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("sync failed"));
  EXPECT_EQ(run.panel().verdict().exit_code(), 10);
}

TEST(NoAbort, AStorageFaultExcusesItsNodeOnly) {
  Story run;
  run.boot_all();
  run.panel().on_storage_fault({2});
  run.event(2, EventKind::kStopped, {0}, "sync failed");
  EXPECT_CLEAN(run);
  run.event(3, EventKind::kStopped, {0}, "sync failed");
  EXPECT_EQ(run.count("no_abort"), 1u);
}

TEST(NoAbort, ADeadProcessIsACrash) {
  Story run;
  run.boot_all();
  run.panel().on_abort({2}, "check failed");
  EXPECT_EQ(run.count("no_abort"), 1u);
  EXPECT_EQ(run.panel().verdict().exit_code(), 10);
}

TEST(Verdict, TheHeaviestClassDecides) {
  Verdict verdict;
  EXPECT_EQ(verdict.exit_code(), 0);
  verdict.add({.property = "a", .failure = FailureClass::kCrash, .text = "", .where = {}});
  EXPECT_EQ(verdict.exit_code(), 10);
  verdict.add({.property = "b", .failure = FailureClass::kLiveness, .text = "", .where = {}});
  EXPECT_EQ(verdict.exit_code(), 11);
  verdict.add({.property = "c", .failure = FailureClass::kSafety, .text = "", .where = {}});
  EXPECT_EQ(verdict.exit_code(), 12);
  EXPECT_EQ(verdict.worst().property, "c");
}

TEST(Verdict, AFloodIsCountedNotKept) {
  Verdict verdict;
  for (std::uint64_t i = 0; i < 1000; ++i)
    verdict.add({.property = "a", .seq = i, .text = "", .where = {}});
  verdict.add({.property = "b", .seq = 7, .text = "", .where = {}});
  EXPECT_EQ(verdict.count("a"), 1000u);
  EXPECT_EQ(verdict.total(), 1001u);
  EXPECT_EQ(verdict.violations().size(), Verdict::kKeptPerProperty + 1);
}

TEST(Verdict, AViolationSaysWhereItsCheckIs) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.learned(2, 0, Value::nop());
  const auto& all = run.panel().verdict().violations();
  const auto it = std::find_if(all.begin(), all.end(), [](const Violation& violation) {
    return violation.property == "agreement";
  });
  ASSERT_NE(it, all.end());
  EXPECT_THAT(it->where.file, HasSubstr("agreement.cc"));
  EXPECT_GT(it->where.line, 30u);  // In Agreement::agree.
  EXPECT_EQ(it->node, NodeId{2});
  EXPECT_THAT(it->describe(), HasSubstr("agreement (safety) at event"));
}

using PanelDeathTest = testing::Test;

TEST(PanelDeathTest, AnEventWithAWordMissingIsRefused) {
  Story run;
  EXPECT_DEATH(run.event(1, EventKind::kAccepted, {1, 2, 3}), "words");
}

TEST(PanelDeathTest, AnUnknownKindIsRefused) {
  Story run;
  EXPECT_DEATH(run.event(1, static_cast<EventKind>(63), {}), "words");
}

}  // namespace
}  // namespace holdfast::properties
