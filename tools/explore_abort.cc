#include "tools/explore_abort.h"

#include <csignal>
#include <cstdio>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "protocol/env/check.h"

#include "tools/sim_record.h"

namespace holdfast::tools {
namespace {

// A signal finds nothing else.
const scenarios::LastWords* last_words = nullptr;
std::string configuration_name;

// The check that failed held no lock, so that memory can be had; a process that dies of a broken
// heap dies here once more, and then as it would have.
void say(int signal) {
  std::signal(signal, SIG_DFL);
  std::string text = fmt::format(
      "violation: {}\n  no_abort: the code of a member does not return\n", configuration_name);
  if (last_words != nullptr && last_words->lines) {
    int number = 0;
    for (const std::string& line : last_words->lines())
      text += fmt::format("  {:>4}  {}\n", ++number, line);
  }
  std::fflush(stdout);
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  std::_Exit(kExitCrash);
}

// Checks fail on the small stacks of fibers.
constexpr std::size_t kStackBytes = 1 << 20;

std::vector<char>& stack() {
  static std::vector<char> bytes(kStackBytes);
  return bytes;
}

}  // namespace

ExploreAbort::ExploreAbort(std::string configuration, const scenarios::LastWords& words) {
  HOLDFAST_REQUIRE(last_words == nullptr);
  last_words = &words;
  configuration_name = std::move(configuration);
  stack_t alternate = {};
  alternate.ss_sp = stack().data();
  alternate.ss_size = stack().size();
  sigaltstack(&alternate, nullptr);
  struct sigaction action = {};
  action.sa_handler = say;
  action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND);
  sigaction(SIGABRT, &action, nullptr);
}

ExploreAbort::~ExploreAbort() {
  std::signal(SIGABRT, SIG_DFL);
  last_words = nullptr;
}

}  // namespace holdfast::tools
