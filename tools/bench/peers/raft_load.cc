// A load on C-raft behind raft-server, as grpc-load is one on etcd.
//
// raft-load HOST PORT OUTSTANDING CONNECTIONS BYTES SECONDS WARM-UP-SECONDS
// raft-load HOST PORT: exits with 0 if the server there leads, else with 1.

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/bench/peers/load.h"

namespace {

using holdfast::peers::Counted;
using holdfast::peers::fail;
using holdfast::peers::Load;
using holdfast::peers::now_ns;
using holdfast::peers::number_of;

int connect_to(const std::string& host, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}};
  if (::inet_pton(AF_INET, host.c_str(), &to.sin_addr) != 1) fail("wants a numeric address");
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    fail(host + ": " + std::strerror(errno));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

std::string frame_of(std::uint32_t size) {
  std::string frame(4, '\0');
  std::memcpy(frame.data(), &size, 4);
  return frame.append(size, 'x');
}

class Line {
 public:
  Line(const Load& load, std::size_t number, Counted& counted)
      : load_(load),
        frame_(frame_of(static_cast<std::uint32_t>(load.bytes))),
        counted_(counted),
        fd_(connect_to(load.host, load.port)) {
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    for (std::size_t i = 0; i < load.share(number); ++i)
      put();
    flush();
  }

  ~Line() { ::close(fd_); }

  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  pollfd handle() const {
    const int events = sent_ < out_.size() ? POLLIN | POLLOUT : POLLIN;
    return {.fd = fd_, .events = static_cast<short>(events), .revents = 0};
  }

  void progress() {
    std::array<char, 4096> answers;
    while (true) {
      const ssize_t got = ::recv(fd_, answers.data(), answers.size(), 0);
      if (got == 0) fail("the server closed the connection");
      if (got < 0 && errno == EAGAIN) break;
      if (got < 0) fail(std::strerror(errno));
      for (ssize_t i = 0; i < got; ++i) {
        counted_.ended(began_.front(), answers[static_cast<std::size_t>(i)] == 1);
        began_.pop_front();
        if (now_ns() < load_.to_ns) put();
      }
    }
    flush();
  }

 private:
  void put() {
    began_.push_back(now_ns());
    out_ += frame_;
  }

  void flush() {
    while (sent_ < out_.size()) {
      const ssize_t sent = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) fail(std::strerror(errno));
      sent_ += static_cast<std::size_t>(sent);
    }
    out_.clear();
    sent_ = 0;
  }

  const Load& load_;
  const std::string frame_;
  Counted& counted_;
  const int fd_;
  // Answers come in the order of the entries.
  std::deque<std::int64_t> began_;
  std::string out_;
  std::size_t sent_ = 0;
};

bool leads(const std::string& host, std::uint16_t port) {
  const int fd = connect_to(host, port);
  const std::string question = frame_of(0);
  char answer = 0;
  const bool asked = ::send(fd, question.data(), question.size(), MSG_NOSIGNAL) == 4;
  const bool told = asked && ::recv(fd, &answer, 1, 0) == 1;
  ::close(fd);
  return told && answer == 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3) return leads(argv[1], number_of<std::uint16_t>(argv[2])) ? 0 : 1;
  if (argc != Load::kArgumentCount + 1) fail(std::string("wants ") + Load::kArguments);
  const Load load = Load::of(argv + 1);
  Counted counted(load);
  std::vector<std::unique_ptr<Line>> lines;
  for (std::size_t i = 0; i < load.connections; ++i)
    lines.push_back(std::make_unique<Line>(load, i, counted));
  return counted.run([&] {
    std::vector<pollfd> handles;
    for (const auto& line : lines)
      handles.push_back(line->handle());
    ::poll(handles.data(), handles.size(), 100);
    for (const auto& line : lines)
      line->progress();
  });
}
