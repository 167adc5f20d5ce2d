#include "scenarios/plan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "scenarios/catalog.h"

namespace holdfast::scenarios {
namespace {

using testing::HasSubstr;

// The plan of any scenario, with any part of its lists taken away.
RunPlan pick_plan() {
  const auto all = scenarios();
  const auto& scenario = all[*rc::gen::inRange<std::size_t>(0, all.size())];
  const bool beyond = *rc::gen::arbitrary<bool>();
  RunPlan plan = scenario.draw(*rc::gen::arbitrary<std::uint64_t>(),
                               beyond ? sim::Profile::kBeyond : sim::Profile::kDefault);
  plan.events_max = *rc::gen::inRange<std::uint64_t>(1, 1'000'000'000'000);
  const auto thin_out = [](auto& list) {
    if (list.empty()) return;
    const auto mask =
        *rc::gen::container<std::vector<bool>>(list.size(), rc::gen::arbitrary<bool>());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < list.size(); ++i)
      if (mask[i]) list[kept++] = list[i];
    list.resize(kept);
  };
  thin_out(plan.faults);
  thin_out(plan.operations);
  return plan;
}

RunPlan small_plan() {
  RunPlan plan;
  plan.world.seed = 7;
  plan.faults.push_back(
      {.kind = sim::FaultKind::kWipe, .at = Duration::seconds(1), .target = NodeId{2}});
  plan.operations.push_back({.at = Duration::milliseconds(5), .node = NodeId{1}});
  return plan;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
  const auto parsed = parse_plan_file(text);
  return parsed ? "no error" : parsed.error();
}

RC_GTEST_PROP(PlanFile, ReadsBackWhatWasWritten, ()) {
  const RunPlan plan = pick_plan();
  std::optional<Recording> recording;
  if (*rc::gen::arbitrary<bool>()) {
    recording.emplace();
    recording->core = *rc::gen::arbitrary<std::uint64_t>();
    if (*rc::gen::arbitrary<bool>()) recording->fingerprint = *rc::gen::arbitrary<std::uint64_t>();
    if (*rc::gen::arbitrary<bool>()) {
      recording->property = "agreement";
      recording->event = *rc::gen::arbitrary<std::uint64_t>();
    }
    recording->trail = *rc::gen::arbitrary<std::string>();
  }
  const auto parsed = parse_plan_file(save_plan_file(plan, recording, "first\n\nthird"));
  if (!parsed) RC_FAIL(parsed.error());
  RC_ASSERT(parsed->plan.faults == plan.faults);
  RC_ASSERT(parsed->plan.operations == plan.operations);
  RC_ASSERT(save_plan_file(parsed->plan, {}) == save_plan_file(plan, {}));
  RC_ASSERT(parsed->plan == plan);
  RC_ASSERT(parsed->recording == recording);
  RC_ASSERT(!parsed->edited);
}

TEST(PlanFile, RefusesATrailWithAGap) {
  const std::string text =
      save_plan_file(small_plan(), Recording{.core = 1, .trail = std::string(200, 'x')});
  EXPECT_THAT(error_of(replaced(text, "scenario recorded.trail.1 ", "# ")),
              HasSubstr("'recorded.trail.1' is missing"));
  EXPECT_THAT(error_of(replaced(text, "recorded.trail.2 78", "recorded.trail.2 7g")),
              HasSubstr("not an even number of digits"));
  EXPECT_THAT(error_of("holdfast-plan 1\nscenario recorded.property agreement\n"),
              HasSubstr("recorded.core"));
}

TEST(PlanFile, OfAnotherBuildIsReadWithoutWhatThisOneDoesNotKnow) {
  std::string text = save_plan_file(small_plan(), Recording{.core = 0x5eed, .fingerprint = 2});
  text = replaced(text, "fault wipe", "fault haunt");
  text += "operation dance at=3ms node=1 arg=1\nscenario log.colour red\n";
  EXPECT_THAT(error_of(text), HasSubstr("haunt"));
  EXPECT_EQ(recorded_core(text), 0x5eedu);
  const auto file = parse_foreign_plan_file(text);
  ASSERT_TRUE(file.has_value()) << file.error();
  ASSERT_EQ(file->skipped.size(), 3u);
  EXPECT_THAT(file->skipped[0], HasSubstr("haunt"));
  EXPECT_THAT(file->skipped[1], HasSubstr("dance"));
  EXPECT_THAT(file->skipped[2], HasSubstr("log.colour"));
  EXPECT_TRUE(file->edited);
  EXPECT_TRUE(file->plan.faults.empty());
  EXPECT_EQ(file->plan.operations, small_plan().operations);
  EXPECT_FALSE(parse_foreign_plan_file("holdfast-plan 99\n").has_value());
}

TEST(PlanFile, NoticesThatItWasEdited) {
  const std::string text = save_plan_file(small_plan(), Recording{.core = 1, .fingerprint = 2});
  const auto shorter = parse_plan_file(replaced(text, "fault wipe", "# fault wipe"));
  ASSERT_TRUE(shorter.has_value()) << shorter.error();
  EXPECT_TRUE(shorter->edited);
  const auto commented = parse_plan_file("# a note\n" + text + "\n# another\n");
  ASSERT_TRUE(commented.has_value()) << commented.error();
  EXPECT_FALSE(commented->edited);
}

TEST(PlanFile, NamesTheLineOfWhatItCannotRead) {
  const std::string text = "# one\n" + save_plan_file(small_plan(), {});
  const auto line_of = [&](const std::string& item) {
    const auto begin = text.begin();
    return "line " +
           std::to_string(1 + std::count(begin, begin + static_cast<long>(text.find(item)), '\n')) +
           ":";
  };
  const std::string operation = "operation append";
  EXPECT_THAT(error_of(replaced(text, operation, "operation upend")),
              AllOf(HasSubstr(line_of(operation)), HasSubstr("'upend' is no operation")));
  const std::string window = "scenario log.window";
  EXPECT_THAT(error_of(replaced(text, window, "scenario log.widow")),
              AllOf(HasSubstr(line_of(window)), HasSubstr("log.widow")));
  const std::string limit = "scenario events_max";
  EXPECT_THAT(error_of(replaced(text, limit, "scenario events_max x")),
              AllOf(HasSubstr(line_of(limit)), HasSubstr("is no number")));
}

TEST(PlanFile, RefusesWhatIsNoPlan) {
  EXPECT_THAT(error_of(""), HasSubstr("empty"));
  EXPECT_THAT(error_of("something else\n"), HasSubstr("line 1"));
  const std::string text = save_plan_file(small_plan(), Recording{.core = 1, .fingerprint = 2});
  EXPECT_THAT(error_of(replaced(text, "scenario recorded.core", "# ")), HasSubstr("recorded.core"));
  // A node that the world does not have.
  EXPECT_THAT(error_of(replaced(text, "target=2", "target=6")), HasSubstr("wipe"));
}

}  // namespace
}  // namespace holdfast::scenarios
