#include "tools/sim_files.h"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tools/sim_folder_for_test.h"

namespace holdfast::tools {
namespace {

using testing::HasSubstr;

// No file of this process grows beyond so many bytes: a disk that is full after them.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit small = before_;
    small.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &small);
  }

  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(Files, AreReplacedWhole) {
  const TestFolder folder("files");
  EXPECT_EQ(write_file(folder.path("a/b/c"), "one"), "");
  EXPECT_EQ(write_file(folder.path("a/b/c"), "two"), "");
  EXPECT_EQ(read_file(folder.path("a/b/c")), "two");
  EXPECT_EQ(folder.count(), 1);
}

TEST(Files, AFullDiskLeavesWhatWasThere) {
  const TestFolder folder("files");
  ASSERT_EQ(write_file(folder.path("x"), "before"), "");
  std::string problem;
  {
    const SmallDisk disk(1000);
    problem = write_file(folder.path("x"), std::string(5000, 'x'));
  }
  EXPECT_THAT(
      problem,
      AllOf(HasSubstr("cannot write"), HasSubstr(folder.path("x")), HasSubstr("make room")));
  EXPECT_EQ(read_file(folder.path("x")), "before");
  EXPECT_EQ(folder.count(), 1) << "a draft is left";
}

TEST(Files, GrowAtTheEnd) {
  const TestFolder folder("files");
  EXPECT_EQ(append_file(folder.path("log"), "one\n"), "");
  EXPECT_EQ(append_file(folder.path("log"), "two\n"), "");
  EXPECT_EQ(read_file(folder.path("log")), "one\ntwo\n");
  EXPECT_THAT(append_file("/dev/full", "x"), HasSubstr("No space left"));
}

}  // namespace
}  // namespace holdfast::tools
