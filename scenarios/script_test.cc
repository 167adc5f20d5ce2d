// Every golden trace, and what a script may get wrong.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/script/command.h"
#include "scenarios/script/driver.h"

namespace holdfast::scenarios::script {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::filesystem::path> golden_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(HOLDFAST_GOLDEN_DIRECTORY)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  EXPECT_TRUE(file.good() && content.good()) << path;
  return content.str();
}

std::string error_of(std::string_view text) {
  const auto played = play(text);
  return played ? "no error" : played.error();
}

class GoldenTest : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(GoldenTest, GoesAsWritten) {
  const std::string text = content_of(GetParam());
  EXPECT_THAT(text, StartsWith("# ")) << "it begins with what the story is about";
  const auto played = play(text);
  ASSERT_TRUE(played.has_value()) << GetParam() << ": " << played.error();
  EXPECT_TRUE(played->passed()) << describe(*played, GetParam().string());
  EXPECT_EQ(played->text, text) << "holdfast-sim script --rewrite " << GetParam();
}

// What members say does not depend on where they store, but on when it is durable only.
TEST_P(GoldenTest, GoesTheSameOnBothStores) {
  std::istringstream lines(content_of(GetParam()));
  std::string on_leveldb;
  std::string in_memory;
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t at = line.find(" store=leveldb"); at != std::string::npos)
      line.resize(at);
    const bool sets_up = line.starts_with("cluster");
    on_leveldb += line + (sets_up ? " store=leveldb\n" : "\n");
    in_memory += line + (sets_up ? " store=memory\n" : "\n");
  }
  for (const std::string& text : {on_leveldb, in_memory}) {
    const auto played = play(text);
    ASSERT_TRUE(played.has_value()) << played.error();
    EXPECT_TRUE(played->passed()) << describe(*played, text.substr(0, text.find('\n')));
  }
}

std::string test_name(const testing::TestParamInfo<std::filesystem::path>& info) {
  return info.param.stem().string();
}

INSTANTIATE_TEST_SUITE_P(Script, GoldenTest, testing::ValuesIn(golden_files()), test_name);

TEST(ScriptTest, EveryExampleOfACommandIsUnderstood) {
  for (const CommandInfo& each : commands()) {
    EXPECT_EQ(Command(each.example).name(), each.name);
  }
}

TEST(ScriptTest, AMismatchNamesLineCommandAndDifference) {
  const auto played = play("cluster nodes=1\n----\nok\n\nelect n1\n----\nn1 wins\n");
  ASSERT_TRUE(played.has_value()) << played.error();
  ASSERT_EQ(played->mismatches.size(), 1u);
  EXPECT_EQ(played->mismatches[0].line, 6);
  EXPECT_EQ(played->mismatches[0].command, "elect n1");
  EXPECT_EQ(played->mismatches[0].diff,
            "- n1 wins\n+ n1                client: elect -> ok end=0\n");
  EXPECT_THAT(played->text, HasSubstr("elect n1\n----\nn1                client: elect"));
  EXPECT_FALSE(played->passed());
}

TEST(ScriptTest, RewritingARewrittenFileChangesNothing) {
  const auto once = play("# a\n\n# b\ncluster\nelect n1\n----\n\n\nappend n1 x\n----\n\n# end\n");
  ASSERT_TRUE(once.has_value()) << once.error();
  const auto twice = play(once->text);
  ASSERT_TRUE(twice.has_value()) << twice.error();
  EXPECT_TRUE(twice->passed()) << describe(*twice, "twice");
  EXPECT_EQ(twice->text, once->text);
}

TEST(ScriptTest, WhatMakesNoSenseIsRefusedByLine) {
  EXPECT_THAT(error_of("elect n1\n----\n"), StartsWith("line 1: there is no cluster yet"));
  EXPECT_THAT(error_of("cluster\nfly n1\n----\n"), StartsWith("line 2: there is no command fly"));
  EXPECT_THAT(error_of("cluster\nelect n4\n----\n"), HasSubstr("n4 is no member: use n1 to n3"));
  EXPECT_THAT(error_of("cluster nodes=9\n----\n"), HasSubstr("cluster nodes=9"));
  EXPECT_THAT(error_of("cluster speed=9\n----\n"), HasSubstr("there is no knob of that name"));
  EXPECT_THAT(error_of("cluster\ncrash n1\nelect n1\n----\n"), HasSubstr("n1 is down"));
  EXPECT_THAT(error_of("cluster\nhold n1 -> n2 letters\n----\n"), HasSubstr("no kind of message"));
  EXPECT_THAT(error_of("cluster\nread n1 from=1\n----\n"), HasSubstr("read needs to=NUMBER"));
  EXPECT_THAT(error_of("cluster\nread n1 from=x to=1\n----\n"), HasSubstr("from=x is no number"));
  EXPECT_THAT(error_of("cluster\nelect n1 to=1\n----\n"), HasSubstr("elect knows no option to"));
  EXPECT_THAT(error_of("cluster\nrelease\n----\n"), HasSubstr("no message is held"));
  EXPECT_THAT(error_of("----\nok\n"), StartsWith("line 1: ---- without a command"));
  EXPECT_THAT(error_of("cluster\n"), StartsWith("line 1: a command without ----"));
}

// The judges watch scripts too: answering before the sync loses what was acknowledged.
TEST(ScriptTest, TheJudgesObjectWhateverIsExpected) {
  const auto played = play(
      "cluster canary=1 disk.commit.base=20ms\nrun 100ms\nelect n1\nappend n1 a\n"
      "crash n1 n2 n3\nrestart n1 n2 n3\nrun 100ms\nelect n2\n"
      "----\n");
  ASSERT_TRUE(played.has_value()) << played.error();
  EXPECT_FALSE(played->violations.empty()) << played->text;
  EXPECT_THAT(describe(*played, "x"), HasSubstr("x: a judge objects: "));
}

}  // namespace
}  // namespace holdfast::scenarios::script
