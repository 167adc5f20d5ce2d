#include "real/client/client_socket.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/ports/monotonic.h"
#include "real/ports/system_text.h"

namespace holdfast::real {
namespace {

// Answers are as long as the member makes them: one page of entries.
constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 30;

constexpr const char* kLate = "no answer in time";

// What went wrong, after the call that failed with `code`.
std::string failure_text(int code) {
  return code == EPROTO ? "TLS: " + last_tls_error() : system_text(code);
}

// errno of a call of OpenSSL that did not succeed.
std::ptrdiff_t failed_call(SSL* session, int result) {
  switch (::SSL_get_error(session, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    case SSL_ERROR_SYSCALL:
      return errno == 0 ? 0 : -1;
    default:
      errno = EPROTO;
      return -1;
  }
}

}  // namespace

void ClientSocket::EndSession::operator()(ssl_st* session) const {
  ::SSL_free(session);
}

ClientSocket::~ClientSocket() {
  if (fd_ >= 0) ::close(fd_);
}

ClientSocket::Error ClientSocket::poll_until(short events, Instant deadline, bool& came) const {
  while (true) {
    const Duration left = std::max(deadline - monotonic_now(), Duration());
    pollfd entry{.fd = fd_, .events = events, .revents = 0};
    const std::int64_t ms = std::min<std::int64_t>((left.ns() + 999'999) / 1'000'000, 60'000);
    const int ready = ::poll(&entry, 1, static_cast<int>(ms));
    came = ready > 0;
    if (came) return "";
    if (ready < 0 && errno != EINTR) return failure_text(errno);
    if (monotonic_now() >= deadline) return "";
  }
}

ClientSocket::Error ClientSocket::await(short events, Instant deadline) const {
  bool came = false;
  if (auto wrong = poll_until(events, deadline, came); !wrong.empty()) return wrong;
  return came ? "" : kLate;
}

ClientSocket::Error ClientSocket::wait(short events, Instant deadline) const {
  bool ignored = false;
  return poll_until(events, deadline, ignored);
}

ClientSocket::Error ClientSocket::connect(const addrinfo& address, Instant deadline) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return failure_text(errno);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(fd_, address.ai_addr, address.ai_addrlen) == 0) return "";
  if (errno != EINPROGRESS) return failure_text(errno);
  if (auto late = await(POLLOUT, deadline); !late.empty()) return late;
  int code = 0;
  socklen_t size = sizeof(code);
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &size);
  return code == 0 ? "" : failure_text(code);
}

ClientSocket::Error ClientSocket::connect(const Address& to, Instant deadline) {
  const addrinfo hints{.ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found);
  if (code != 0) return ::gai_strerror(code);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  Error last = "the host has no address";
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    last = connect(*entry, deadline);
    if (last.empty()) break;
  }
  return last;
}

ClientSocket::Error ClientSocket::secure(const Tls& tls, Instant deadline) {
  secured_.reset(tls.new_session(Tls::Side::kCaller));
  if (::SSL_set_fd(secured_.get(), fd_) != 1) return "TLS: " + last_tls_error();
  while (true) {
    const int done = ::SSL_do_handshake(secured_.get());
    if (done == 1) return "";
    const int why = ::SSL_get_error(secured_.get(), done);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
      return why == SSL_ERROR_SSL ? "TLS: " + last_tls_error()
                                  : "TLS: the other side closed the connection";
    }
    const short events = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (auto late = await(events, deadline); !late.empty()) return late;
  }
}

std::ptrdiff_t ClientSocket::write_bytes(std::string_view bytes) const {
  if (!secured_) return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  constexpr std::size_t kMost = 1 << 20;
  errno = 0;
  const int sent =
      ::SSL_write(secured_.get(), bytes.data(), static_cast<int>(std::min(bytes.size(), kMost)));
  return sent > 0 ? sent : failed_call(secured_.get(), sent);
}

std::ptrdiff_t ClientSocket::read_bytes() {
  if (!secured_) return ::recv(fd_, buffer_.data(), buffer_.size(), 0);
  errno = 0;
  const int got = ::SSL_read(secured_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
  return got > 0 ? got : failed_call(secured_.get(), got);
}

ClientSocket::Error ClientSocket::send_some(std::string_view& bytes) const {
  while (!bytes.empty()) {
    const std::ptrdiff_t sent = write_bytes(bytes);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      return "";
    } else if (errno != EINTR) {
      return failure_text(errno);
    }
  }
  return "";
}

ClientSocket::Error ClientSocket::send(std::string_view bytes, Instant deadline) const {
  while (true) {
    if (auto wrong = send_some(bytes); !wrong.empty()) return wrong;
    if (bytes.empty()) return "";
    if (auto late = await(POLLOUT, deadline); !late.empty()) return late;
  }
}

ClientSocket::Error ClientSocket::send_frame(std::string_view body, Instant deadline) const {
  const auto header = frame_header(body.size());
  return send(std::string(header.data(), header.size()).append(body), deadline);
}

ClientSocket::Error ClientSocket::receive_some(Frame& frame) {
  while (true) {
    frame = decoder_.next(arrived_);
    if (frame) return "";
    if (decoder_.refused()) return "the answer is no frame of ours";
    const std::ptrdiff_t got = read_bytes();
    if (got > 0) {
      arrived_ = std::string_view(buffer_.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      return "the other side closed the connection";
    } else if (errno == EAGAIN) {
      return "";
    } else if (errno != EINTR) {
      return failure_text(errno);
    }
  }
}

ClientSocket::Error ClientSocket::receive_frame(Frame& frame, Instant deadline) {
  while (true) {
    if (auto wrong = receive_some(frame); !wrong.empty() || frame) return wrong;
    if (auto late = await(POLLIN, deadline); !late.empty()) return late;
  }
}

bool ClientSocket::is_readable() const {
  pollfd entry{.fd = fd_, .events = POLLIN | POLLRDHUP, .revents = 0};
  return ::poll(&entry, 1, 0) != 0;
}

tl::expected<std::unique_ptr<ClientSocket>, Failed> ClientSocket::open(const Address& to,
                                                                       const Hello& hello,
                                                                       Instant deadline,
                                                                       const TlsPtr& tls) {
  const auto fail = [&to](ErrorKind kind, const std::string& why) {
    return tl::unexpected(Failed{.kind = kind, .text = to.text() + ": " + why});
  };
  std::unique_ptr<ClientSocket> socket(new ClientSocket());
  if (const auto wrong = socket->connect(to, deadline); !wrong.empty()) {
    return fail(ErrorKind::kUnreachable, wrong);
  }
  if (tls != nullptr) {
    if (const auto wrong = socket->secure(*tls, deadline); !wrong.empty()) {
      return fail(wrong == kLate ? ErrorKind::kUnreachable : ErrorKind::kRefused, wrong);
    }
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
  if (const auto why = refusal_in(*welcome, hello); !why.empty()) {
    return fail(ErrorKind::kRefused, "refused: " + std::string(why));
  }
  socket->frame_bytes_max_ = welcome->frame_bytes_max;
  socket->decoder_.set_frame_bytes_max(kAnswerBytesMax);
  return socket;
}

}  // namespace holdfast::real
