#include "real/server/event_text.h"

#include <gtest/gtest.h>

#include "protocol/coordinator.h"
#include "protocol/events.h"

#include "real/server/text_journal.h"

namespace holdfast::real {
namespace {

std::string line(EventKind kind, std::vector<std::uint64_t> words, std::string bytes = "") {
  TracedEvent event;
  event.kind = kind;
  event.words = std::move(words);
  event.bytes = std::move(bytes);
  return TextJournal::line(Level::kInfo, event_name(kind), event_fields(event));
}

TEST(EventText, WordsHaveNames) {
  EXPECT_EQ(line(EventKind::kElected, {77, 5}), "level=info event=elected ballot=77 end=5");
  EXPECT_EQ(line(EventKind::kStatus, {1, 2, 77}),
            "level=info event=status status=VOTING incarnation=2 promised=77");
  EXPECT_EQ(line(EventKind::kBegin, {9, kNoPosition}),
            "level=info event=begin begin=9 begin_at=none");
  const auto why = static_cast<std::uint64_t>(Failure::kDeadline);
  EXPECT_EQ(line(EventKind::kSteppedDown, {77, why}),
            "level=info event=stepped_down ballot=77 why=\"no quorum answered in time\"");
}

TEST(EventText, OtherEventsAreShownByNumber) {
  EXPECT_FALSE(is_for_operators(EventKind::kAccepted));
  EXPECT_EQ(line(EventKind::kAccepted, {1, 2}), "level=info event=accepted w0=1 w1=2");
  EXPECT_EQ(line(EventKind::kStopped, {0}, "why it stopped"),
            "level=info event=stopped w0=0 text=\"why it stopped\"");
  EXPECT_TRUE(is_for_operators(EventKind::kElected));
}

}  // namespace
}  // namespace holdfast::real
