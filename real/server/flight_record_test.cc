#include "real/server/flight_record.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "real/ports/test_machine.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

class FlightRecordTest : public ::testing::Test {
 protected:
  FlightRecordTest() {
    std::string pattern = fs::temp_directory_path() / "holdfast-flight-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
  }

  ~FlightRecordTest() override { fs::remove_all(folder_); }

  // A life in a process of its own that says one event and then does that; the signal it died of.
  int live_and(const std::function<void(FlightRecord&)>& end) {
    const pid_t child = ::fork();
    if (child == 0) {
      KeptJournal journal;
      FlightRecord record(folder_);
      TraceHead head = kHead;
      head.started = static_cast<std::uint64_t>(::time(nullptr));
      record.begin(head, journal);
      record.catch_crashes();
      TracedEvent event;
      event.kind = static_cast<EventKind>(12);
      event.words = {42};
      record.record(event);
      end(record);
      ::_exit(0);
    }
    int status = 0;
    HOLDFAST_CHECK(::waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  FlightRecord begin() {
    FlightRecord record(folder_);
    record.begin(kHead, journal_);
    return record;
  }

  std::string event_in(const std::string& name) {
    const auto reader = TraceReader::open(folder_ + "/" + name);
    if (!reader) return reader.error();
    TracedEvent event;
    return (*reader)->next(event) ? std::to_string(event.words.at(0)) : "none";
  }

  static constexpr TraceHead kHead{.cluster = 7, .log = 1, .member = NodeId{2}};
  std::string folder_;
  KeptJournal journal_;
};

void abort_now(FlightRecord&) {
  ::abort();
}

TEST_F(FlightRecordTest, ACrashIsToldOfAndItsEventsKept) {
  EXPECT_EQ(live_and(abort_now), SIGABRT);
  // To look changes nothing.
  EXPECT_EQ(FlightRecord(folder_).crashes(), 1u);
  EXPECT_EQ(event_in("flight"), "42");
  EXPECT_EQ(begin().crashes(), 1u);
  EXPECT_EQ(journal_.count("former_life_crashed"), 1u);
  EXPECT_EQ(journal_.count("signal=ABRT"), 1u);
  EXPECT_EQ(event_in("flight.crashed"), "42");
  EXPECT_EQ(event_in("flight"), "none");
}

TEST_F(FlightRecordTest, AFaultOfTheProgramIsACrash) {
  const int died_of = live_and([](FlightRecord&) { ::raise(SIGSEGV); });
  // Under a sanitizer, whose handler comes next, it ends in another way.
  EXPECT_TRUE(died_of == SIGSEGV || died_of == SIGABRT || died_of == 0);
  EXPECT_EQ(begin().crashes(), 1u);
  EXPECT_EQ(journal_.count("signal=SEGV"), 1u);
}

TEST_F(FlightRecordTest, CrashesInARowAreCounted) {
  for (std::uint64_t before = 0; before < 3; ++before)
    EXPECT_EQ(live_and([&](FlightRecord& record) {
                if (record.crashes() == before) ::abort();
              }),
              SIGABRT);
  EXPECT_EQ(live_and([](FlightRecord& record) { record.end(0); }), 0);
  EXPECT_EQ(begin().crashes(), 0u);
}

TEST_F(FlightRecordTest, ALongLifeEndsARow) {
  TraceHead head = kHead;
  head.started = 1'000'000;
  head.crashes = 5;
  for (const auto& [lived, crashes] : {std::pair{599, 6}, std::pair{600, 1}}) {
    fs::remove(folder_ + "/flight");
    {
      const auto file = TraceFile::create(folder_ + "/flight", head);
      (*file)->mark({.kind = LifeEnd::Kind::kAborted,
                     .number = SIGABRT,
                     .at = head.started + static_cast<std::uint64_t>(lived)});
    }
    EXPECT_EQ(begin().crashes(), static_cast<std::uint64_t>(crashes));
  }
}

TEST_F(FlightRecordTest, ALifeThatWasKilledIsNoCrash) {
  EXPECT_EQ(live_and([](FlightRecord&) { ::kill(::getpid(), SIGKILL); }), SIGKILL);
  EXPECT_EQ(begin().crashes(), 0u);
  EXPECT_EQ(journal_.count("former_life_was_killed"), 1u);
  EXPECT_EQ(event_in("flight.killed"), "42");
}

TEST_F(FlightRecordTest, OfALifeThatEndedNothingIsKept) {
  EXPECT_EQ(live_and([](FlightRecord& record) { record.end(10); }), 0);
  EXPECT_EQ(begin().crashes(), 0u);
  EXPECT_THAT(journal_.lines, IsEmpty());
  EXPECT_FALSE(fs::exists(folder_ + "/flight.killed"));
}

TEST_F(FlightRecordTest, WithoutAPlaceForItThereIsNone) {
  fs::create_directory(folder_ + "/flight");
  FlightRecord record = begin();
  EXPECT_EQ(journal_.count("no_flight_record"), 1u);
  record.record(TracedEvent());
  record.end(0);
}

TEST(PauseAfter, GrowsUpToAMinute) {
  EXPECT_EQ(pause_after(0), Duration());
  EXPECT_EQ(pause_after(1), Duration());
  EXPECT_EQ(pause_after(2), Duration::seconds(1));
  EXPECT_EQ(pause_after(3), Duration::seconds(2));
  EXPECT_EQ(pause_after(7), Duration::seconds(32));
  EXPECT_EQ(pause_after(8), Duration::seconds(60));
  EXPECT_EQ(pause_after(1'000'000), Duration::seconds(60));
}

}  // namespace
}  // namespace holdfast::real
