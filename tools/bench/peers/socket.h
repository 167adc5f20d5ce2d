#pragma once

// The client's end of a TCP connection to a server that is measured.

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/bench/peers/load.h"

namespace holdfast::peers {

class Socket {
 public:
  // Connects, and does not return otherwise.
  Socket(const std::string& host, std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}};
    if (::inet_pton(AF_INET, host.c_str(), &to.sin_addr) != 1) fail("wants a numeric address");
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
      fail(host + ": " + std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }

  ~Socket() { ::close(fd_); }

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // What to wait for: `more` if something is to be sent that was not put yet.
  pollfd handle(bool more) const {
    const int events = more || sent_ < out_.size() ? POLLIN | POLLOUT : POLLIN;
    return {.fd = fd_, .events = static_cast<short>(events), .revents = 0};
  }

  void put(std::string_view bytes) { out_ += bytes; }

  // Sends as much of what was put as the kernel takes now.
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

  // Gives what is there by now to `use`, in parts.
  template <typename Use>
  void receive(const Use& use) {
    std::array<char, 64 << 10> buffer;
    while (true) {
      const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (got == 0) fail("the server closed the connection");
      if (got < 0 && errno == EAGAIN) return;
      if (got < 0) fail(std::strerror(errno));
      use(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
  }

 private:
  const int fd_;
  std::string out_;
  std::size_t sent_ = 0;
};

// Waits until one of `lines`, pointers to what has `handle` and `progress`, can go on, and lets
// them.
template <typename Lines>
void progress_all(const Lines& lines) {
  std::vector<pollfd> handles;
  for (const auto& line : lines)
    handles.push_back(line->handle());
  ::poll(handles.data(), handles.size(), 100);
  for (const auto& line : lines)
    line->progress();
}

}  // namespace holdfast::peers
