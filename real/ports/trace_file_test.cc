#include "real/ports/trace_file.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/env/check.h"

namespace holdfast::real {
namespace {

using testing::HasSubstr;

constexpr TraceHead kHead{
    .cluster = 7, .log = 3, .member = NodeId{2}, .started = 1'700'000'000, .crashes = 2};

TracedEvent event(std::uint64_t number) {
  TracedEvent made;
  made.at = Instant::at(static_cast<std::int64_t>(1000 + number));
  made.kind = static_cast<EventKind>(12);
  made.words = {number, 5};
  made.bytes = std::string(number % 30, 'b');
  return made;
}

class TraceFileTest : public testing::Test {
 protected:
  TraceFileTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "holdfast-trace-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    path_ = folder_ + "/trace";
  }

  ~TraceFileTest() override { std::filesystem::remove_all(folder_); }

  // Reads all events, and checks that they are event(first), event(first + 1), ...
  void expect_events(std::uint64_t first, std::uint64_t count) {
    const auto reader = TraceReader::open(path_);
    ASSERT_TRUE(reader.has_value()) << reader.error();
    TracedEvent read;
    for (std::uint64_t i = first; i < first + count; ++i) {
      ASSERT_TRUE((*reader)->next(read)) << i;
      EXPECT_EQ(read.at, event(i).at);
      EXPECT_EQ(read.kind, event(i).kind);
      EXPECT_EQ(read.words, event(i).words);
      EXPECT_EQ(read.bytes, event(i).bytes);
    }
    EXPECT_FALSE((*reader)->next(read));
    EXPECT_EQ((*reader)->damage(), "");
  }

  std::string folder_;
  std::string path_;
};

TEST_F(TraceFileTest, KeepsEveryEventOverManyWindows) {
  {
    const auto file = TraceFile::create(path_, kHead, {.window_bytes = 4096, .windows = 0});
    ASSERT_TRUE(file.has_value()) << file.error();
    for (std::uint64_t i = 0; i < 1000; ++i)
      EXPECT_TRUE((*file)->record(event(i)));
    expect_events(0, 1000);
  }
  // And when it was closed, and cut.
  EXPECT_NE(std::filesystem::file_size(path_) % 4096, 0u);
  expect_events(0, 1000);
  const auto reader = TraceReader::open(path_);
  EXPECT_EQ((*reader)->head().cluster, 7u);
  EXPECT_EQ((*reader)->head().log, 3u);
  EXPECT_EQ((*reader)->head().member, NodeId{2});
  EXPECT_EQ((*reader)->head().started, 1'700'000'000u);
  EXPECT_EQ((*reader)->head().crashes, 2u);
}

TEST_F(TraceFileTest, AFullWindowEndsWithItsSize) {
  const auto file = TraceFile::create(path_, kHead, {.window_bytes = 4096, .windows = 0});
  // 32 bytes each, but the last one in the first window, which leaves no room for an end.
  for (std::uint64_t i = 0; i < 300; ++i)
    EXPECT_TRUE((*file)->record(event(i * 30)));
  const auto reader = TraceReader::open(path_);
  TracedEvent read;
  for (std::uint64_t i = 0; i < 300; ++i)
    ASSERT_TRUE((*reader)->next(read) && read.words.at(0) == i * 30) << i;
  EXPECT_FALSE((*reader)->next(read));
}

TEST_F(TraceFileTest, ARingKeepsTheLast) {
  const auto file = TraceFile::create(path_, kHead, {.window_bytes = 4096, .windows = 2});
  ASSERT_TRUE(file.has_value()) << file.error();
  for (std::uint64_t i = 0; i < 1000; ++i)
    EXPECT_TRUE((*file)->record(event(i)));
  EXPECT_LE(std::filesystem::file_size(path_), 3u * 4096);
  const auto reader = TraceReader::open(path_);
  TracedEvent first;
  ASSERT_TRUE((*reader)->next(first));
  const std::uint64_t from = first.words.at(0);
  EXPECT_GT(from, 700u);
  EXPECT_LT(from, 950u);
  expect_events(from, 1000 - from);
}

TEST_F(TraceFileTest, OutlivesAProcessThatIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto file = TraceFile::create(path_, kHead);
    for (std::uint64_t i = 0; i < 10; ++i)
      maybe((*file)->record(event(i)));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  expect_events(0, 10);
  const auto reader = TraceReader::open(path_);
  EXPECT_EQ((*reader)->end().kind, LifeEnd::Kind::kNone);
}

TEST_F(TraceFileTest, SaysHowTheLifeEnded) {
  const auto file = TraceFile::create(path_, kHead);
  (*file)->mark({.kind = LifeEnd::Kind::kAborted, .number = 6, .at = 1'700'000'009});
  const auto reader = TraceReader::open(path_);
  EXPECT_EQ((*reader)->end().kind, LifeEnd::Kind::kAborted);
  EXPECT_EQ((*reader)->end().number, 6u);
  EXPECT_EQ((*reader)->end().at, 1'700'000'009u);
}

TEST_F(TraceFileTest, DoesNotReplaceATrace) {
  std::ofstream(path_) << "precious";
  const auto file = TraceFile::create(path_, kHead);
  ASSERT_FALSE(file.has_value());
  EXPECT_THAT(file.error(), HasSubstr("name a new file"));
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(TraceFileTest, WithoutSpaceItSaysSo) {
  struct rlimit before {};

  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);

  const struct rlimit small { .rlim_cur = 3 * 4096, .rlim_max = before.rlim_max };

  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  {
    const auto file = TraceFile::create(path_, kHead, {.window_bytes = 4096, .windows = 0});
    ASSERT_TRUE(file.has_value()) << file.error();
    std::uint64_t kept = 0;
    while (kept < 1000 && (*file)->record(event(kept)))
      ++kept;
    EXPECT_GT(kept, 100u);
    EXPECT_LT(kept, 500u);
    EXPECT_FALSE((*file)->record(event(0)));
    expect_events(0, kept);
    const auto second = TraceFile::create(folder_ + "/second", kHead);
    ASSERT_FALSE(second.has_value());
    EXPECT_THAT(second.error(), HasSubstr("no space for its events"));
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/second"));
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  maybe(std::signal(SIGXFSZ, handler) != SIG_ERR);
}

TEST_F(TraceFileTest, WhatIsNoTraceIsRefused) {
  EXPECT_THAT(TraceReader::open(path_).error(), HasSubstr("cannot be opened"));
  std::ofstream(path_) << "short";
  EXPECT_THAT(TraceReader::open(path_).error(), HasSubstr("too short"));
  std::ofstream(path_) << std::string(10'000, 'x');
  EXPECT_THAT(TraceReader::open(path_).error(), HasSubstr("is no trace"));
}

TEST_F(TraceFileTest, ADamagedRecordEndsTheReadingAndIsNamed) {
  {
    const auto file = TraceFile::create(path_, kHead);
    for (std::uint64_t i = 0; i < 3; ++i)
      maybe((*file)->record(event(0)));
  }
  for (const std::uint32_t size : {5u, 17u, 1'000'000'000u}) {
    std::fstream bytes(path_, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(4096 + 8 + 32);
    bytes.write(reinterpret_cast<const char*>(&size), sizeof(size));
    bytes.close();
    const auto reader = TraceReader::open(path_);
    TracedEvent read;
    EXPECT_TRUE((*reader)->next(read));
    EXPECT_FALSE((*reader)->next(read));
    EXPECT_THAT((*reader)->damage(), HasSubstr("no record at byte 4136"));
    EXPECT_FALSE((*reader)->next(read));
  }
}

}  // namespace
}  // namespace holdfast::real
