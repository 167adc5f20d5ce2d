#include "real/ports/http_port.h"

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace holdfast::real {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A connection that says what it is told to, and reads until the other side closes.
class Peer {
 public:
  explicit Peer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}};
    ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    // So that a test that goes wrong ends.
    const timeval late{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &late, sizeof(late));
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  }

  ~Peer() { ::close(fd_); }

  void say(const std::string& text) { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }

  // Until so many bytes of it are there, or the end.
  std::string hear(std::size_t bytes = SIZE_MAX) {
    std::string heard;
    char buffer[4096];
    while (heard.size() < bytes) {
      const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
      if (got <= 0) break;
      heard.append(buffer, static_cast<std::size_t>(got));
    }
    return heard;
  }

 private:
  int fd_;
};

class HttpPortTest : public ::testing::Test {
 protected:
  void open(const HttpPort::Limits& limits = {}) {
    auto opened = HttpPort::open(loop_, {"127.0.0.1", 0}, limits, [this](std::string_view path) {
      ++asked_;
      if (path == "/there") return HttpAnswer{.body = "it is\n"};
      return HttpAnswer{.status = 404, .body = "it is not\n"};
    });
    ASSERT_TRUE(opened.has_value()) << opened.error();
    port_ = std::move(*opened);
  }

  // On a thread of its own, while the loop runs.
  void with_peers(const std::function<void(std::uint16_t port)>& body) {
    std::atomic<bool> done = false;
    std::thread thread([&, port = port_->port()] {
      body(port);
      done = true;
      loop_.post([] {});
    });
    loop_.run_until([&] { return done.load(); });
    thread.join();
  }

  // What comes back until the connection ends.
  std::string ask(const std::string& request) {
    std::string heard;
    with_peers([&](std::uint16_t port) {
      Peer peer(port);
      peer.say(request);
      heard = peer.hear();
    });
    return heard;
  }

  EventLoop loop_;
  std::unique_ptr<HttpPort> port_;
  int asked_ = 0;
};

TEST_F(HttpPortTest, AnswersWhatThereIs) {
  open();
  const std::string heard = ask("GET /there?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(heard, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(heard, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(heard, HasSubstr("\r\n\r\nit is\n"));
  EXPECT_THAT(ask("GET /else HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 404 Not Found\r\n"));
}

TEST_F(HttpPortTest, AHeadHasNoBody) {
  open();
  const std::string heard = ask("HEAD /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(heard, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(heard, Not(HasSubstr("it is")));
}

TEST_F(HttpPortTest, AnythingElseIsRefused) {
  open();
  EXPECT_THAT(ask("DELETE /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpPortTest, AConnectionMayAskAgain) {
  open();
  std::string first;
  std::string second;
  with_peers([&](std::uint16_t port) {
    Peer peer(port);
    peer.say("GET /there HTTP/1.1\r\nHost: a\r\n\r\n");
    first = peer.hear(50);
    peer.say("GET /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    second = peer.hear();
  });
  EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(second, HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(asked_, 2);
}

TEST_F(HttpPortTest, GarbageEndsTheConnection) {
  open({.header_bytes_max = 512});
  EXPECT_EQ(ask("what is this\r\n\r\n"), "");
  EXPECT_EQ(ask("GET /there HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"), "");
  EXPECT_EQ(ask("GET /there HTTP/1.1\r\nContent-Length: 99999\r\n\r\n"), "");
  EXPECT_EQ(asked_, 0);
  EXPECT_THAT(ask("GET /there HTTP/1.0\r\n\r\n"), HasSubstr("it is"));
}

TEST_F(HttpPortTest, WhoDoesNotAskIsSentAway) {
  open({.patience = Duration::milliseconds(50)});
  EXPECT_EQ(ask("GET /there"), "");
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpPortTest, TheOldestThatOnlyWaitsMakesRoom) {
  open({.connections_max = 2});
  std::string oldest;
  std::string last;
  with_peers([&](std::uint16_t port) {
    Peer one(port);
    Peer two(port);
    // Both have been accepted once the first of them is asked.
    two.say("GET /there HTTP/1.1\r\nHost: a\r\n\r\n");
    two.hear(50);
    Peer three(port);
    three.say("GET /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    last = three.hear();
    oldest = one.hear();
  });
  EXPECT_THAT(last, HasSubstr("it is"));
  EXPECT_EQ(oldest, "");
}

TEST_F(HttpPortTest, APortInUseIsNamed) {
  open();
  const auto again = HttpPort::open(loop_, {"127.0.0.1", port_->port()}, {}, nullptr);
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error(), HasSubstr("another program has this port"));
}

TEST_F(HttpPortTest, EndsWithItsConnections) {
  open();
  std::string heard = "?";
  with_peers([&](std::uint16_t port) {
    Peer peer(port);
    peer.say("GET /there HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.hear(50);
    loop_.post([this] { port_ = nullptr; });
    heard = peer.hear();
  });
  EXPECT_THAT(heard, Not(HasSubstr("HTTP")));
}

}  // namespace
}  // namespace holdfast::real
