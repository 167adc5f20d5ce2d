// Every bug that the testbed found in our own code stays fixed: each decision file of
// scenarios/regress/ (docs/bugs.md has an entry for each) plays without a violation.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "scenarios/plan_file.h"
#include "scenarios/run.h"

namespace holdfast::scenarios {
namespace {

std::vector<std::filesystem::path> decision_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(HOLDFAST_REGRESS_DIR)) {
    if (entry.path().extension() == ".plan") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Regress : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Regress, StaysFixed) {
  std::ifstream in(GetParam());
  std::ostringstream text;
  text << in.rdbuf();
  const auto file = parse_plan_file(text.str());
  ASSERT_TRUE(file.has_value()) << file.error();
  StackPool stacks;
  const RunResult result = run(file->plan, stacks);
  for (const properties::Violation& violation : result.violations) {
    ADD_FAILURE() << violation.describe();
  }
  EXPECT_EQ(result.outcome, RunOutcome::kPassed) << result.note;
}

INSTANTIATE_TEST_SUITE_P(Bugs, Regress, testing::ValuesIn(decision_files()), [](const auto& test) {
  std::string name = test.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace holdfast::scenarios
