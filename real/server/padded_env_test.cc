#include "real/server/padded_env.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace holdfast::real {
namespace {

class PaddedEnvTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "padded_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }

  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::unique_ptr<leveldb::WritableFile> open(const std::string& name) {
    leveldb::WritableFile* file = nullptr;
    const auto opened = padded_env().NewWritableFile(path(name), &file);
    EXPECT_TRUE(opened.ok()) << opened.ToString();
    return std::unique_ptr<leveldb::WritableFile>(file);
  }

  std::string read(const std::string& name) const {
    std::ostringstream bytes;
    bytes << std::ifstream(path(name)).rdbuf();
    return bytes.str();
  }

  std::string directory_;
};

TEST_F(PaddedEnvTest, ALogIsWrittenIntoZeros) {
  const auto file = open("000003.log");
  ASSERT_TRUE(file->Append("one").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(read("000003.log"), "one" + std::string(kPaddingBytes - 3, '\0'));
  ASSERT_TRUE(file->Append("two").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(read("000003.log"), "onetwo" + std::string(kPaddingBytes - 6, '\0'));
}

TEST_F(PaddedEnvTest, ItGrowsByWholeParts) {
  const auto file = open("000003.log");
  std::string written;
  for (char c = 'a'; c <= 'z'; ++c) {
    const std::string bytes(20'000, c);
    ASSERT_TRUE(file->Append(bytes).ok());
    ASSERT_TRUE(file->Sync().ok());
    written += bytes;
  }
  const std::string all = read("000003.log");
  EXPECT_EQ(all.size(), 2 * kPaddingBytes);
  EXPECT_EQ(all.substr(0, written.size()), written);
  EXPECT_EQ(all.find_first_not_of('\0', written.size()), std::string::npos);
}

TEST_F(PaddedEnvTest, ByLargeWritesItGrowsAsItIs) {
  const auto file = open("000003.log");
  ASSERT_TRUE(file->Append("small").ok());
  ASSERT_TRUE(file->Sync().ok());
  std::string written = "small";
  for (char c = 'a'; c < 'h'; ++c) {
    const std::string bytes(400'000, c);
    ASSERT_TRUE(file->Append(bytes).ok());
    ASSERT_TRUE(file->Sync().ok());
    written += bytes;
  }
  EXPECT_EQ(read("000003.log"), written);
  ASSERT_TRUE(file->Append("small").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(read("000003.log"), written + "small" + std::string(kPaddingBytes - 5, '\0'));
}

TEST_F(PaddedEnvTest, ATableIsWhatWasWritten) {
  const auto file = open("000004.ldb");
  std::string written;
  for (int i = 0; i < 5000; ++i) {
    const std::string bytes(500, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(file->Append(bytes).ok());
    written += bytes;
  }
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Close().ok());
  EXPECT_EQ(read("000004.ldb"), written);
}

TEST_F(PaddedEnvTest, OtherFilesAreAsLong) {
  const auto file = open("MANIFEST-000004");
  ASSERT_TRUE(file->Append("one").ok());
  ASSERT_TRUE(file->Close().ok());
  EXPECT_EQ(read("MANIFEST-000004"), "one");
}

TEST_F(PaddedEnvTest, AFileThatIsThereIsEmptiedFirst) {
  std::ofstream(path("000003.log")) << std::string(2 * kPaddingBytes, 'x');
  const auto file = open("000003.log");
  ASSERT_TRUE(file->Append("one").ok());
  ASSERT_TRUE(file->Close().ok());
  EXPECT_EQ(read("000003.log"), "one" + std::string(kPaddingBytes - 3, '\0'));
}

TEST_F(PaddedEnvTest, AMissingDirectoryIsAnError) {
  leveldb::WritableFile* file = nullptr;
  const auto opened = padded_env().NewWritableFile(path("none/000003.log"), &file);
  EXPECT_TRUE(opened.IsIOError());
  EXPECT_NE(opened.ToString().find("none/000003.log"), std::string::npos) << opened.ToString();
  EXPECT_EQ(file, nullptr);
}

// In a process of its own: the limit is for good.
TEST_F(PaddedEnvTest, WhereZerosDoNotFitWhatIsWrittenMay) {
  const auto limited = [this] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = kPaddingBytes + 1000, .rlim_max = kPaddingBytes + 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) std::exit(1);
    const auto file = open("000003.log");
    const bool first =
        file->Append(std::string(kPaddingBytes - 100, 'a')).ok() && file->Sync().ok();
    const bool second = file->Append(std::string(600, 'b')).ok() && file->Sync().ok();
    const bool third = file->Append(std::string(600, 'c')).ok() && file->Sync().ok();
    std::exit(first && second && !third ? 0 : 2);
  };
  EXPECT_EXIT(limited(), testing::ExitedWithCode(0), "");
  const std::string all = read("000003.log");
  EXPECT_EQ(all.size(), kPaddingBytes + 1000);
  EXPECT_EQ(all.substr(kPaddingBytes - 100, 600), std::string(600, 'b'));
}

}  // namespace
}  // namespace holdfast::real
