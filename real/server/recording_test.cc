#include "real/server/recording.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

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
  std::function<bool(recording::Given&, recording::Came&)> change;
  const char* said;
};

class RecordingTest : public ::testing::Test {
 protected:
  RecordingTest() {
    std::string pattern = fs::temp_directory_path() / "holdfast-recording-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    file_ = root_ + "/recording";
    extras_ = {.recording_file = file_, .build = {"1.2.3", "abcd"}};
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
    auto opened = Member::open(config_, journal_, extras_);
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
    for (auto& body : requests) {
      bool answered = false;
      service.handle({.id = 1, .body = std::move(body)}, [&](const Response& response) {
        EXPECT_FALSE(std::holds_alternative<Failed>(response.body))
            << std::get<Failed>(response.body).text;
        answered = true;
      });
      member.run_until([&] { return answered; });
    }
    if (application) member.act([] {});
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
  std::string rewritten(
      const std::function<bool(recording::Given&, recording::Came&)>& change) const {
    std::string file = root_ + "/rewritten";
    fs::remove(file);
    auto reader = RecordingReader::open(file_);
    const auto writer = RecordingWriter::create(file);
    HOLDFAST_CHECK(reader.has_value() && writer.has_value());
    recording::Head head;
    HOLDFAST_CHECK(reader->next(head) && (*writer)->add(head));
    bool changed = false;
    recording::Given given;
    recording::Came came;
    while (reader->next(given) && reader->next(came)) {
      changed = changed || change(given, came);
      HOLDFAST_CHECK((*writer)->add(given) && (*writer)->add(came));
    }
    EXPECT_TRUE(changed);
    return file;
  }

  std::string root_;
  std::string file_;
  Config config_;
  MemberExtras extras_;
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
  EXPECT_FALSE(report->died);
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
  // Of a second life, which has something to read from the disk.
  live_somehow();
  fs::remove(file_);
  live_somehow();
  const auto job = [](recording::Given& step, recording::Call::Kind kind, auto change) {
    for (recording::Call& call : *step.mutable_job()->mutable_calls())
      if (call.kind() == kind) {
        change(call);
        return true;
      }
    return false;
  };
  const std::vector<Tampering> all = {
      {"an event",
       [](recording::Given&, recording::Came& came) {
         if (came.events_size() < 2) return false;
         came.set_events(1, came.events(1) ^ 1);
         return true;
       },
       "event 2, "},
      {"an event too many",
       [](recording::Given&, recording::Came& came) {
         if (came.events_size() < 2) return false;
         came.add_events(came.events(0));
         return true;
       },
       "does not happen"},
      {"an event too few",
       [](recording::Given&, recording::Came& came) {
         if (came.events_size() < 2) return false;
         came.mutable_events()->RemoveLast();
         return true;
       },
       "is new"},
      {"a frame",
       [](recording::Given&, recording::Came& came) {
         came.add_sent(std::uint64_t{2} << 56);
         return true;
       },
       "frame 1, to 2, does not happen"},
      {"what is written",
       [&](recording::Given& given, recording::Came&) {
         return given.has_job() && job(given, recording::Call::WRITE, [](recording::Call& call) {
                  call.set_given(call.given() + 1);
                });
       },
       "call 1 of the store, write, is given something else"},
      {"a job",
       [](recording::Given& given, recording::Came&) {
         if (!given.has_job()) return false;
         given.mutable_job()->set_number(1000);
         return true;
       },
       "it has not submitted this job"},
      {"a call",
       [](recording::Given& given, recording::Came&) {
         if (!given.has_job() || given.job().calls_size() == 0) return false;
         given.mutable_job()->clear_calls();
         return true;
       },
       "of the store is new"},
      {"what was found",
       [&](recording::Given& given, recording::Came&) {
         return given.has_job() && job(given, recording::Call::OPEN, [](recording::Call& call) {
                  call.mutable_restored()->set_metadata("nonsense");
                });
       },
       "cannot be understood"},
      {"a draw",
       [](recording::Given&, recording::Came& came) {
         if (came.draws_size() == 0) return false;
         came.mutable_draws(0)->set_stream(came.draws(0).stream() + 1);
         return true;
       },
       "draw 1 was of stream"},
      {"draws",
       [](recording::Given&, recording::Came& came) {
         if (came.draws_size() == 0) return false;
         came.clear_draws();
         return true;
       },
       "it draws once more"},
      {"an answer",
       [](recording::Given&, recording::Came& came) {
         if (came.answered_size() == 0) return false;
         came.set_answered(0, came.answered(0) + 1);
         return true;
       },
       "answer 1 was "},
      {"what is read",
       [&](recording::Given& given, recording::Came&) {
         return given.has_job() && job(given, recording::Call::READ, [](recording::Call& call) {
                  call.set_given(call.given() + 1);
                });
       },
       "call 1 of the store, read, is given something else"},
      {"an alarm",
       [](recording::Given&, recording::Came& came) {
         if (!came.has_wake_at()) return false;
         came.set_wake_at(came.wake_at() + 1);
         return true;
       },
       "woken at another time"},
      {"a request",
       [](recording::Given& given, recording::Came&) {
         if (!given.has_requests()) return false;
         given.mutable_requests()->mutable_asked(0)->set_request("nonsense");
         return true;
       },
       "a request cannot be understood"},
      {"a second start",
       [](recording::Given& given, recording::Came&) {
         if (!given.has_alarm()) return false;
         given.clear_alarm();
         given.set_start(true);
         return true;
       },
       "a life has one start"},
      {"another error",
       [&](recording::Given& given, recording::Came&) {
         return given.has_job() && job(given, recording::Call::WRITE, [](recording::Call& call) {
                  call.set_error(77);
                });
       },
       "a way that is not known"},
      {"nothing",
       [](recording::Given& given, recording::Came&) {
         if (!given.has_alarm()) return false;
         given.clear_alarm();
         return true;
       },
       "nothing is said of what it was given"},
  };
  for (const Tampering& tampering : all) {
    SCOPED_TRACE(tampering.name);
    std::uint64_t steps = 0;
    std::uint64_t changed = 0;
    const std::string file = rewritten([&](recording::Given& given, recording::Came& came) {
      ++steps;
      if (changed > 0 || !tampering.change(given, came)) return false;
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
  recording::Given given;
  recording::Came came;
  while (reader->next(given) && reader->next(came))
    ASSERT_TRUE((*writer)->add(given) && (*writer)->add(came));
  const auto report = replay_recording(file);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_TRUE(report->divergence);
}

// Whatever byte of a recording is another one, it is noticed; wherever it ends, that is all.
TEST_F(RecordingTest, NoticesDamage) {
  live({});
  std::ifstream in(file_, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  const std::string file = root_ + "/changed";
  const auto replay_of = [&](const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    return replay_recording(file);
  };
  const std::size_t most = std::min<std::size_t>(whole.size(), 3000);
  for (std::size_t at = 0; at < most; at += 1 + at / 300) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    EXPECT_FALSE(replay_of(bytes).has_value()) << at;
  }
  for (std::size_t size = whole.find('\n') + 1; size < most; size += 97) {
    const auto report = replay_of(whole.substr(0, size));
    ASSERT_TRUE(report.has_value()) << report.error();
    EXPECT_FALSE(report->divergence) << report->divergence->text;
  }
}

// What it did not get to write down is done again without being compared.
TEST_F(RecordingTest, TriesTheStepInWhichTheLifeEnded) {
  live({});
  auto reader = RecordingReader::open(file_);
  const std::string file = root_ + "/short";
  const auto writer = RecordingWriter::create(file);
  recording::Head head;
  recording::Given given;
  ASSERT_TRUE(reader.has_value() && reader->next(head) && reader->next(given));
  ASSERT_TRUE((*writer)->add(head) && (*writer)->add(given));
  const auto report = replay_recording(file);
  ASSERT_TRUE(report.has_value()) << report.error();
  EXPECT_TRUE(report->died);
  EXPECT_EQ(report->steps, 1u);
  EXPECT_FALSE(report->divergence);
}

TEST_F(RecordingTest, RefusesWhatAnApplicationDid) {
  live({}, true);
  const auto report = replay_recording(file_);
  ASSERT_FALSE(report.has_value());
  EXPECT_THAT(report.error(), HasSubstr("only those of holdfastd can be replayed"));
}

TEST_F(RecordingTest, IsNotReplaced) {
  live({});
  const auto again = Member::open(config_, journal_, extras_);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error(), ExitCode::kUsage);
  EXPECT_THAT(journal_.lines.back(),
              HasSubstr(file_ + ": cannot be made: File exists; name a new file"));
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
