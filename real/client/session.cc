#include "real/client/session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/client/codec.h"
#include "real/ports/framing.h"
#include "real/ports/monotonic.h"

namespace holdfast::real {
namespace {

// Answers are as long as the member makes them: one page of entries.
constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 30;

Failed failed(ErrorKind kind, std::string text) {
  return {.kind = kind, .text = std::move(text)};
}

// What the system calls `code`.
std::string system_text(int code) {
  return std::error_code(code, std::generic_category()).message();
}

}  // namespace

// A non-blocking socket with deadlines.  Every function returns what went wrong, or nothing.
struct Session::Socket {
  using Error = std::string;

  int fd = -1;
  FrameDecoder decoder{kHelloBytesMax};
  std::array<char, 64 << 10> buffer{};
  std::string_view arrived;
  // What the member reads.
  std::size_t frame_bytes_max = kHelloBytesMax;

  ~Socket() {
    if (fd >= 0) ::close(fd);
  }

  Error await(short events, Instant deadline) const {
    while (true) {
      const Duration left = deadline - monotonic_now();
      if (left <= Duration()) return "no answer in time";
      pollfd entry{.fd = fd, .events = events, .revents = 0};
      const std::int64_t ms = std::min<std::int64_t>(left.ns() / 1'000'000 + 1, 60'000);
      const int ready = ::poll(&entry, 1, static_cast<int>(ms));
      if (ready > 0) return "";
      if (ready < 0 && errno != EINTR) return system_text(errno);
    }
  }

  Error connect(const addrinfo& address, Instant deadline) {
    if (fd >= 0) ::close(fd);
    fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return system_text(errno);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return "";
    if (errno != EINPROGRESS) return system_text(errno);
    if (auto late = await(POLLOUT, deadline); !late.empty()) return late;
    int code = 0;
    socklen_t size = sizeof(code);
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
    return code == 0 ? "" : system_text(code);
  }

  Error connect(const Address& to, Instant deadline) {
    const addrinfo hints{.ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    addrinfo* found = nullptr;
    const int code =
        ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found);
    if (code != 0) return ::gai_strerror(code);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
    Error last = "the host has no address";
    for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
      last = connect(*entry, deadline);
      if (last.empty()) break;
    }
    return last;
  }

  Error send(std::string_view bytes, Instant deadline) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        if (auto late = await(POLLOUT, deadline); !late.empty()) return late;
      } else if (errno != EINTR) {
        return system_text(errno);
      }
    }
    return "";
  }

  Error send_frame(std::string_view body, Instant deadline) const {
    const auto header = frame_header(body.size());
    return send(std::string(header.data(), header.size()).append(body), deadline);
  }

  Error receive_frame(Frame& frame, Instant deadline) {
    while (true) {
      frame = decoder.next(arrived);
      if (frame) return "";
      if (decoder.refused()) return "the answer is no frame of ours";
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got > 0) {
        arrived = std::string_view(buffer.data(), static_cast<std::size_t>(got));
      } else if (got == 0) {
        return "the other side closed the connection";
      } else if (errno == EAGAIN) {
        if (auto late = await(POLLIN, deadline); !late.empty()) return late;
      } else if (errno != EINTR) {
        return system_text(errno);
      }
    }
  }
};

Session::Session(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}

Session::~Session() = default;

tl::expected<std::unique_ptr<Session>, Failed> Session::open(const Address& to,
                                                             const Hello& hello,
                                                             Instant deadline) {
  const auto fail = [&to](ErrorKind kind, const std::string& why) {
    return tl::unexpected(failed(kind, to.text() + ": " + why));
  };
  auto socket = std::make_unique<Socket>();
  if (const auto wrong = socket->connect(to, deadline); !wrong.empty()) {
    return fail(ErrorKind::kUnreachable, wrong);
  }
  if (const auto wrong = socket->send_frame(encode(hello), deadline); !wrong.empty()) {
    return fail(ErrorKind::kUnreachable, wrong);
  }
  Frame answer;
  if (const auto wrong = socket->receive_frame(answer, deadline); !wrong.empty()) {
    return fail(ErrorKind::kUnreachable, wrong);
  }
  const auto welcome = decode_welcome(*answer);
  if (!welcome) {
    return fail(ErrorKind::kRefused, "what listens there is no member of a holdfast cluster");
  }
  if (welcome->verdict != Verdict::kWelcome) {
    return fail(ErrorKind::kRefused, "refused: " + std::string(verdict_text(welcome->verdict)));
  }
  socket->frame_bytes_max = welcome->frame_bytes_max;
  socket->decoder.set_frame_bytes_max(kAnswerBytesMax);
  return std::unique_ptr<Session>(new Session(std::move(socket)));
}

// Nothing is due between two questions: whatever can be read is the end.
bool Session::is_alive() const {
  pollfd entry{.fd = socket_->fd, .events = POLLIN | POLLRDHUP, .revents = 0};
  return ::poll(&entry, 1, 0) == 0;
}

tl::expected<Response, Failed> Session::call(Request request, Instant deadline) {
  request.id = ++last_id_;
  request.patience =
      std::clamp(deadline - monotonic_now(), Duration::milliseconds(1), Duration::seconds(86'400));
  const std::string bytes = encode(request);
  if (bytes.size() > socket_->frame_bytes_max) {
    return tl::unexpected(failed(ErrorKind::kTooLarge,
                                 "a request of " + std::to_string(bytes.size()) +
                                     " bytes; the member reads at most " +
                                     std::to_string(socket_->frame_bytes_max)));
  }
  if (const auto wrong = socket_->send_frame(bytes, deadline); !wrong.empty()) {
    return tl::unexpected(failed(ErrorKind::kBroken, wrong));
  }
  Frame frame;
  if (const auto wrong = socket_->receive_frame(frame, deadline); !wrong.empty()) {
    return tl::unexpected(failed(ErrorKind::kBroken, wrong));
  }
  auto response = decode_response(*frame);
  if (!response) return tl::unexpected(failed(ErrorKind::kBroken, response.error()));
  // One question at a time: no other answer can be due.
  if (response->id != request.id) {
    return tl::unexpected(failed(ErrorKind::kBroken, "an answer to no question of ours"));
  }
  return std::move(*response);
}

}  // namespace holdfast::real
