#include "real/ports/tls.h"

#include <array>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "real/ports/connection.h"
#include "real/ports/test_certificates.h"

namespace holdfast::real {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    authority_ = std::make_unique<TestAuthority>(folder_, "ours");
    stranger_ = std::make_unique<TestAuthority>(folder_, "theirs");
  }

  ~TlsTest() override { std::filesystem::remove_all(folder_); }

  static TlsPtr loaded(const TlsFiles& files) {
    auto tls = Tls::load(files);
    EXPECT_TRUE(tls.has_value()) << (tls ? "" : tls.error());
    return tls ? *tls : nullptr;
  }

  // Calls a listener that says back whatever it hears; what was heard, or how it ended.
  std::string call(const TlsPtr& called, const TlsPtr& caller, const std::string& text = "hello") {
    std::string heard;
    ConnectionPtr theirs;
    // In clear text as much as a hello, so that the beginning of TLS passes for no frame.
    const Connection::Limits limits{.frame_bytes_max = called ? std::size_t{10} << 20 : 64,
                                    .queue_bytes_max = 20 << 20};
    auto listener = Listener::open(
        loop_,
        {"127.0.0.1", 0},
        limits,
        [&](ConnectionPtr connection) {
          theirs = std::move(connection);
          theirs->start({.connected = nullptr,
                         .frame = [&](const Frame& frame) { theirs->send(frame); },
                         .closed = [&](const std::string& why) { ended_ = why; }});
        },
        called);
    EXPECT_TRUE(listener.has_value());
    ConnectionPtr ours;
    ours = dial(loop_,
                {"127.0.0.1", (*listener)->port()},
                limits,
                {.connected = [&] { ours->send(std::make_shared<const std::string>(text)); },
                 .frame = [&](const Frame& frame) { heard = *frame; },
                 .closed = [&](const std::string& why) { heard = "closed: " + why; }},
                caller);
    bool late = false;
    Timer timer(loop_, [&] { late = true; });
    timer.set(loop_.now() + Duration::seconds(20));
    loop_.run_until([&] { return late || !heard.empty(); });
    EXPECT_FALSE(late);
    ours->close();
    if (theirs) theirs->close();
    return heard;
  }

  std::filesystem::path folder_;
  std::unique_ptr<TestAuthority> authority_;
  std::unique_ptr<TestAuthority> stranger_;
  EventLoop loop_;
  std::string ended_;
};

TEST_F(TlsTest, ThoseOfOneAuthorityUnderstandEachOther) {
  const TlsPtr one = loaded(authority_->issue("one"));
  const TlsPtr two = loaded(authority_->issue("two"));
  EXPECT_EQ(call(one, two), "hello");
  const std::string large(5 << 20, 'x');
  EXPECT_EQ(call(one, two, large), large);
}

TEST_F(TlsTest, StrangersAreRefusedByBothSides) {
  const TlsPtr ours = loaded(authority_->issue("one"));
  const TlsPtr theirs = loaded(stranger_->issue("one"));
  EXPECT_THAT(call(ours, theirs), StartsWith("closed: "));
  EXPECT_THAT(call(theirs, ours), StartsWith("closed: "));
  // Who trusts us and is not trusted by us.
  TlsFiles files = stranger_->issue("two");
  files.authority = authority_->issue("three").authority;
  EXPECT_THAT(call(ours, loaded(files)), StartsWith("closed: "));
  EXPECT_THAT(ended_, HasSubstr("certificate verify failed"));
}

TEST_F(TlsTest, ClearTextIsRefusedByBothSides) {
  const TlsPtr ours = loaded(authority_->issue("one"));
  EXPECT_THAT(call(ours, nullptr), StartsWith("closed: "));
  EXPECT_THAT(ended_, StartsWith("TLS: "));
  EXPECT_THAT(call(nullptr, ours), StartsWith("closed: "));
}

TEST_F(TlsTest, FilesThatAreWrongAreNamed) {
  const TlsFiles sound = authority_->issue("one");
  const TlsFiles other = authority_->issue("two");
  const std::string garbage = (folder_ / "garbage.pem").string();
  std::ofstream(garbage) << "no certificate\n";
  const auto error_of = [](const TlsFiles& files) {
    const auto tls = Tls::load(files);
    return tls ? std::string() : tls.error();
  };
  EXPECT_THAT(error_of(sound), IsEmpty());
  for (auto TlsFiles::*file : {&TlsFiles::certificate, &TlsFiles::key, &TlsFiles::authority}) {
    for (const std::string& wrong : {(folder_ / "nowhere.pem").string(), garbage}) {
      TlsFiles files = sound;
      files.*file = wrong;
      EXPECT_THAT(error_of(files), StartsWith(wrong + ": cannot be read as "));
    }
  }
  TlsFiles mixed = sound;
  mixed.key = other.key;
  EXPECT_THAT(error_of(mixed), StartsWith(other.key));
}

TEST_F(TlsTest, FilesAreReadAgainAndOldOnesKeptIfThatFails) {
  const TlsFiles files = authority_->issue("one");
  const TlsPtr one = loaded(files);
  const TlsFiles other = stranger_->issue("one");
  const TlsPtr theirs = loaded(other);
  // From now on it is one of theirs.
  const TlsFiles moved = stranger_->issue("moved");
  std::filesystem::rename(moved.certificate, files.certificate);
  std::filesystem::rename(moved.key, files.key);
  std::filesystem::copy_file(
      moved.authority, files.authority, std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(call(one, theirs), StartsWith("closed: "));
  ASSERT_TRUE(Tls::reload(std::array{one}).has_value());
  EXPECT_EQ(call(one, theirs), "hello");
  std::ofstream(files.key) << "damaged\n";
  const auto damaged = Tls::reload(std::array{one});
  ASSERT_FALSE(damaged.has_value());
  EXPECT_THAT(damaged.error(), StartsWith(files.key));
  EXPECT_EQ(call(one, theirs), "hello");
  // Of two that are read together the sound one keeps its old files as well.
  const TlsFiles changed = authority_->issue("changed");
  std::filesystem::rename(changed.certificate, other.certificate);
  std::filesystem::rename(changed.key, other.key);
  EXPECT_FALSE(Tls::reload(std::array{theirs, one}).has_value());
  EXPECT_EQ(call(one, theirs), "hello");
}

}  // namespace
}  // namespace holdfast::real
