#include "real/server/recording.h"

#include <filesystem>
#include <functional>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "protocol/env/check.h"

#include "real/ports/test_machine.h"
#include "real/server/data_directory.h"
#include "real/server/member.h"
#include "real/server/recorded_calls.h"
#include "real/server/recording_file.h"
#include "real/server/replay.h"
#include "real/server/service.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// What a tampered recording is to have that the true one has not, and what is said of it.
struct Tampering {
  const char* name;
  // False: not this step.
  std::function<bool(recording::Step&)> change;
  const char* said;
};

class RecordingTest : public ::testing::Test {
 protected:
  RecordingTest() {
    std::string pattern = fs::temp_directory_path() / "holdfast-recording-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    file_ = root_ + "/recording";
    EventLoop loop;
    const auto text = fmt::format(
        "[cluster]\nname = \"t\"\nid = 7\n[member]\nid = 1\ndata_directory = \"data\"\n"
        "[[members]]\nid = 1\naddress = \"{}\"\nclient_address = \"127.0.0.1:1\"\n",
        loopback_members(loop, 1)[0].address.text());
    auto config = parse_config(text, root_ + "/member.toml");
    HOLDFAST_CHECK(config.has_value(), config ? "" : config.error().front().to_text());
    config_ = std::move(*config);
    HOLDFAST_CHECK(initialise(config_).has_value());
  }

  ~RecordingTest() override { fs::remove_all(root_); }

  // A life of the only member, in which it is asked for these.
  void live(std::vector<decltype(Request::body)> requests, bool application = false) {
    auto recording = Recording::create(file_, {"1.2.3", "abcd"}, config_, journal_);
    HOLDFAST_CHECK(recording.has_value(), recording ? "" : recording.error());
    auto opened = Member::open(config_, journal_, {.recording = std::move(*recording)});
    HOLDFAST_CHECK(opened.has_value());
    Member& member = **opened;
    Service service(member.node(),
                    member.loop(),
                    member.machine(),
                    {.disk = nullptr, .recording = member.recording()});
    HOLDFAST_CHECK(
        member.boot({.elected = [&] { service.on_term(); }, .lost = [&] { service.on_term(); }})
            .has_value());
    member.run_until([&] { return member.node().coordinating(); });
    std::size_t answered = 0;
    for (auto& body : requests) {
      service.handle({.id = 1, .body = std::move(body)}, [&](const Response& response) {
        EXPECT_FALSE(std::holds_alternative<Failed>(response.body))
            << std::get<Failed>(response.body).text;
        ++answered;
      });
    }
    if (application) member.act([] {});
    member.run_until([&] { return answered == requests.size(); });
    EXPECT_EQ(member.end(), ExitCode::kDone);
  }

  void live_somehow() {
    live({AppendRequest{.entry = std::make_shared<const std::string>("one"), .key = {8, 1}},
          AppendRequest{.entry = std::make_shared<const std::string>("two"), .key = {8, 2}},
          ReadRequest{},
          CatchupRequest{},
          StatusRequest{},
          TruncateRequest{.to = Position{1}}});
  }

  // Writes it anew; the steps that `change` says false of stay as they are.
  std::string rewritten(const std::function<bool(recording::Step&)>& change) const {
    std::string file = root_ + "/rewritten";
    fs::remove(file);
    auto reader = RecordingReader::open(file_);
    const auto writer = RecordingWriter::create(file);
    HOLDFAST_CHECK(reader.has_value() && writer.has_value());
    recording::Head head;
    HOLDFAST_CHECK(reader->next(head) && (*writer)->add(head));
    bool changed = false;
    for (recording::Step step; reader->next(step);) {
      changed = changed || change(step);
      HOLDFAST_CHECK((*writer)->add(step));
    }
    HOLDFAST_CHECK(changed);
    return file;
  }

  std::string root_;
  std::string file_;
  Config config_;
  KeptJournal journal_;
};

TEST_F(RecordingTest, HappensAgain) {
  live_somehow();
  const auto report = replay_recording(file_);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_FALSE(report->divergence) << report->divergence->text;
  EXPECT_EQ(report->version, "1.2.3");
  EXPECT_EQ(report->core, "abcd");
  EXPECT_EQ(report->requests, 6u);
  EXPECT_GT(report->writes, 2u);
  EXPECT_GT(report->events, 10u);
  EXPECT_FALSE(report->torn);
}

// A second life begins with what the store finds.
TEST_F(RecordingTest, NeedsNoStore) {
  live_somehow();
  fs::remove(file_);
  live_somehow();
  fs::remove_all(root_ + "/data");
  const auto report = replay_recording(file_);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_FALSE(report->divergence) << report->divergence->text;
}

TEST_F(RecordingTest, SaysWhereSomethingElseHappens) {
  live_somehow();
  const auto job = [](recording::Step& step, recording::Call::Kind kind, auto change) {
    for (recording::Call& call : *step.mutable_job()->mutable_calls())
      if (call.kind() == kind) {
        change(call);
        return true;
      }
    return false;
  };
  const std::vector<Tampering> all = {
      {"an event",
       [](recording::Step& step) {
         if (step.events_size() < 2) return false;
         step.set_events(1, step.events(1) ^ 1);
         return true;
       },
       "event 2, "},
      {"an event too many",
       [](recording::Step& step) {
         if (step.events_size() < 2) return false;
         step.add_events(step.events(0));
         return true;
       },
       "does not happen"},
      {"an event too few",
       [](recording::Step& step) {
         if (step.events_size() < 2) return false;
         step.mutable_events()->RemoveLast();
         return true;
       },
       "is new"},
      {"a frame",
       [](recording::Step& step) {
         step.add_sent(std::uint64_t{2} << 56);
         return true;
       },
       "frame 1, to 2, does not happen"},
      {"what is written",
       [&](recording::Step& step) {
         return step.has_job() && job(step, recording::Call::WRITE, [](recording::Call& call) {
                  call.set_given(call.given() + 1);
                });
       },
       "call 1 of the store, write, is given something else"},
      {"a job",
       [](recording::Step& step) {
         if (!step.has_job()) return false;
         step.mutable_job()->set_number(1000);
         return true;
       },
       "it has not submitted this job"},
      {"a call",
       [](recording::Step& step) {
         if (!step.has_job() || step.job().calls_size() == 0) return false;
         step.mutable_job()->clear_calls();
         return true;
       },
       "of the store is new"},
      {"what was found",
       [&](recording::Step& step) {
         return step.has_job() && job(step, recording::Call::OPEN, [](recording::Call& call) {
                  call.mutable_restored()->set_metadata("nonsense");
                });
       },
       "cannot be understood"},
      {"a draw",
       [](recording::Step& step) {
         if (step.draws_size() == 0) return false;
         step.mutable_draws(0)->set_stream(step.draws(0).stream() + 1);
         return true;
       },
       "draw 1 was of stream"},
      {"draws",
       [](recording::Step& step) {
         if (step.draws_size() == 0) return false;
         step.clear_draws();
         return true;
       },
       "it draws once more"},
      {"an alarm",
       [](recording::Step& step) {
         if (!step.has_wake_at()) return false;
         step.set_wake_at(step.wake_at() + 1);
         return true;
       },
       "woken at another time"},
      {"a request",
       [](recording::Step& step) {
         if (!step.has_requests()) return false;
         step.mutable_requests()->mutable_asked(0)->set_request("nonsense");
         return true;
       },
       "a request cannot be understood"},
      {"a second start",
       [](recording::Step& step) {
         if (!step.has_alarm()) return false;
         step.clear_alarm();
         step.set_start(true);
         return true;
       },
       "a life has one start"},
      {"another error",
       [&](recording::Step& step) {
         return step.has_job() && job(step, recording::Call::WRITE, [](recording::Call& call) {
                  call.set_error(77);
                });
       },
       "a way that is not known"},
      {"nothing",
       [](recording::Step& step) {
         if (!step.has_alarm()) return false;
         step.clear_alarm();
         return true;
       },
       "nothing is said of what it was given"},
  };
  for (const Tampering& tampering : all) {
    SCOPED_TRACE(tampering.name);
    std::uint64_t steps = 0;
    std::uint64_t changed = 0;
    const std::string file = rewritten([&](recording::Step& step) {
      ++steps;
      if (changed > 0 || !tampering.change(step)) return false;
      changed = steps;
      return true;
    });
    const auto report = replay_recording(file);
    ASSERT_TRUE(report.has_value()) << report.error();
    ASSERT_TRUE(report->divergence);
    EXPECT_EQ(report->divergence->step, changed);
    EXPECT_THAT(report->divergence->text, HasSubstr(tampering.said));
  }
}

// Other code finds something else: here a member that is told less time for the same.
TEST_F(RecordingTest, FindsOtherSettings) {
  live_somehow();
  auto reader = RecordingReader::open(file_);
  recording::Head head;
  ASSERT_TRUE(reader.has_value() && reader->next(head));
  head.set_config(head.config() + "[tunables]\nheartbeat_interval = \"1ms\"\n");
  const std::string file = root_ + "/other";
  const auto writer = RecordingWriter::create(file);
  ASSERT_TRUE(writer.has_value() && (*writer)->add(head));
  for (recording::Step step; reader->next(step);)
    ASSERT_TRUE((*writer)->add(step));
  const auto report = replay_recording(file);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_TRUE(report->divergence);
}

TEST_F(RecordingTest, RefusesWhatAnApplicationDid) {
  live({}, true);
  const auto report = replay_recording(file_);
  ASSERT_FALSE(report.has_value());
  EXPECT_THAT(report.error(), HasSubstr("only those of holdfastd can be replayed"));
}

TEST_F(RecordingTest, IsNotReplaced) {
  live({});
  const auto again = Recording::create(file_, {}, config_, journal_);
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error(), HasSubstr(file_ + ": cannot be made: File exists; name a new file"));
}

TEST_F(RecordingTest, NamesWhatIsNoRecording) {
  for (const std::string& file : {root_, root_ + "/none", root_ + "/data"}) {
    const auto report = replay_recording(file);
    ASSERT_FALSE(report.has_value());
    EXPECT_THAT(report.error(), HasSubstr(file));
    EXPECT_FALSE(is_recording(file));
  }
}

TEST_F(RecordingTest, KeepsWhatIsWholeWhenTheDiskIsFull) {
  auto writer = RecordingWriter::create(file_);
  ASSERT_TRUE(writer.has_value()) << writer.error();
  recording::Head head;
  head.set_version("1");
  head.set_core("2");
  head.set_config(std::string(1000, 'x'));
  head.set_config_file("3");
  head.set_born(4);
  head.set_started(5);
  ASSERT_TRUE((*writer)->add(head));
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 1500, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const bool added = (*writer)->add(head);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(added);
  auto reader = RecordingReader::open(file_);
  ASSERT_TRUE(reader.has_value());
  EXPECT_TRUE(reader->next(head));
  EXPECT_FALSE(reader->next(head));
  EXPECT_FALSE(reader->torn());
  EXPECT_EQ(reader->problem(), "");
}

}  // namespace
}  // namespace holdfast::real
