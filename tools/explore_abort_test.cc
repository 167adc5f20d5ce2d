#include "tools/explore_abort.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tools/sim_record.h"

namespace holdfast::tools {
namespace {

// Only what goes to the standard error is seen of a process that dies.
TEST(ExploreAbort, SaysTheLastWordsAndExits) {
  scenarios::LastWords words;
  words.lines = [] {
    std::fputs("asked for the last words\n", stderr);
    return std::vector<std::string>{"append at 1", "in the code of member 2, at message 7"};
  };
  EXPECT_EXIT(
      {
        const ExploreAbort abort("running, append=1", words);
        std::abort();
      },
      testing::ExitedWithCode(kExitCrash),
      "asked for the last words");
}

TEST(ExploreAbort, LeavesAProcessAloneThatOutlivesIt) {
  const scenarios::LastWords words;
  EXPECT_EXIT(
      {
        { const ExploreAbort abort("running, append=1", words); }
        std::abort();
      },
      testing::KilledBySignal(SIGABRT),
      "");
}

}  // namespace
}  // namespace holdfast::tools
