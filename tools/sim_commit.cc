#include "tools/sim_commit.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "protocol/env/hash.h"

namespace holdfast::tools {
namespace {

using Error = tl::unexpected<std::string>;

// Where CI systems say which commit they test: GitHub, GitLab, Buildkite, CircleCI, Azure
// Pipelines, Jenkins.
constexpr const char* kVariables[] = {"GITHUB_SHA",
                                      "CI_COMMIT_SHA",
                                      "BUILDKITE_COMMIT",
                                      "CIRCLE_SHA1",
                                      "BUILD_SOURCEVERSION",
                                      "GIT_COMMIT"};
constexpr const char* kUse = "; use all 40 or 64 hexadecimal digits, as git rev-parse HEAD prints";
constexpr unsigned kCutOff = 24;

bool is_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
}

std::string lower(std::string_view text) {
  std::string id(text);
  std::transform(id.begin(), id.end(), id.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return id;
}

tl::expected<std::string, std::string> commit_of_ci() {
  std::string all;
  for (const char* variable : kVariables) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') {
      if (is_id(value)) return lower(value);
      return Error(std::string("finds ") + variable + "=" + value + ", which is no commit id" +
                   kUse);
    }
    all += (all.empty() ? "" : ", ") + std::string(variable);
  }
  return Error("finds no commit: none of " + all + " is set" + kUse);
}

}  // namespace

tl::expected<std::string, std::string> find_commit(std::string_view text) {
  if (text == "ci") return commit_of_ci();
  if (!is_id(text)) return Error(std::string("is no commit id") + kUse);
  return lower(text);
}

std::uint64_t first_seed_of(std::string_view id) {
  return hash_bytes(id) >> kCutOff;
}

bool running_on_github() {
  const char* value = std::getenv("GITHUB_ACTIONS");
  return value != nullptr && std::string_view(value) == "true";
}

}  // namespace holdfast::tools
