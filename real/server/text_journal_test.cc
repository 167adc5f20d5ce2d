#include "real/server/text_journal.h"

#include <cstdlib>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::real {
namespace {

TEST(TextJournal, PlainValuesStandAsTheyAre) {
  EXPECT_EQ(TextJournal::line(Level::kInfo, "ready", {{"at", "[::1]:70"}, {"file", "/a/b-c_d.1"}}),
            "level=info event=ready at=[::1]:70 file=/a/b-c_d.1");
}

TEST(TextJournal, NobodyForgesALine) {
  EXPECT_EQ(TextJournal::line(Level::kError, "e", {{"v", "a\nlevel=info \"x\" \\ \x7f"}}),
            "level=error event=e v=\"a\\x0alevel=info \\\"x\\\" \\\\ \\x7f\"");
  EXPECT_EQ(TextJournal::line(Level::kWarning, "e", {{"v", ""}}), "level=warning event=e v=\"\"");
  EXPECT_EQ(TextJournal::line(Level::kWarning, "e", {{"v", "a=b"}}),
            "level=warning event=e v=\"a=b\"");
}

TEST(TextJournal, LinesOfJsonAreObjects) {
  EXPECT_EQ(
      TextJournal::json_line("t", Level::kWarning, "e", {{"v", "a\"\n"}, {"n", "5"}}),
      "{\"time\":\"t\",\"level\":\"warning\",\"event\":\"e\",\"v\":\"a\\\"\\n\",\"n\":\"5\"}");
  // What is no UTF-8.
  EXPECT_EQ(TextJournal::json_line("", Level::kInfo, "e", {{"v", "\xff"}}),
            "{\"level\":\"info\",\"event\":\"e\",\"v\":\"\xEF\xBF\xBD\"}");
}

TEST(TextJournal, LowerLevelsAreNotSaid) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const out = open_memstream(&text, &size);
  TextJournal journal(out, {.json = true, .lowest = Level::kWarning});
  journal.say(Level::kInfo, "unsaid", {});
  journal.say(Level::kError, "said", {});
  journal.set_level(Level::kInfo);
  journal.say(Level::kInfo, "said_now", {});
  std::fclose(out);
  const std::unique_ptr<char, void (*)(void*)> owned(text, std::free);
  EXPECT_THAT(std::string(text, size),
              ::testing::MatchesRegex(
                  "[{]\"time\":\"[^\"]*\",\"level\":\"error\",\"event\":\"said\"[}]\n"
                  "[{]\"time\":\"[^\"]*\",\"level\":\"info\",\"event\":\"said_now\"[}]\n"));
}

TEST(TextJournal, EveryLineHasItsTime) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const out = open_memstream(&text, &size);
  TextJournal(out).say(Level::kInfo, "ready", {});
  std::fclose(out);
  const std::unique_ptr<char, void (*)(void*)> owned(text, std::free);
  EXPECT_THAT(std::string(text, size),
              ::testing::MatchesRegex("time=....-..-..T..:..:..[.]...Z level=info event=ready\n"));
}

}  // namespace
}  // namespace holdfast::real
