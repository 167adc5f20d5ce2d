#pragma once

// One connection to one member's client port, for those who ask: a socket that never blocks by
// itself, with frames and deadlines on top.

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "protocol/env/time.h"

#include "real/client/messages.h"
#include "real/ports/address.h"
#include "real/ports/framing.h"
#include "real/ports/hello.h"
#include "real/ports/tls.h"

struct addrinfo;

namespace holdfast::real {

// Belongs to one thread.  Deadlines are of monotonic_now().
class ClientSocket {
 public:
  // What went wrong, or empty.
  using Error = std::string;

  // Connects, by TLS if there is `tls`, and says hello.  kUnreachable: nobody answered by
  // `deadline`; kRefused: the text says why.  Looking up a host's name may take longer than the
  // deadline.
  static tl::expected<std::unique_ptr<ClientSocket>, Failed> open(const Address& to,
                                                                  const Hello& hello,
                                                                  Instant deadline,
                                                                  const TlsPtr& tls = nullptr);

  ~ClientSocket();

  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  // For poll().
  int handle() const { return fd_; }

  // What the member reads in one frame.
  std::size_t frame_bytes_max() const { return frame_bytes_max_; }

  // Blocks until all is sent, or a frame is there.
  Error send_frame(std::string_view body, Instant deadline) const;
  Error receive_frame(Frame& frame, Instant deadline);

  // Whether something can be read, which includes the end of the connection.
  bool is_readable() const;

  // Takes bytes from the front of `bytes`, as many as go without waiting.
  Error send_some(std::string_view& bytes) const;

  // The next frame, if it is there; without waiting.
  Error receive_some(Frame& frame);

  // Waits for poll events; "" also if nothing came by `deadline`.
  Error wait(short events, Instant deadline) const;

 private:
  ClientSocket() = default;

  // Whether one came is left in `came`.
  Error poll_until(short events, Instant deadline, bool& came) const;
  // It is an error if none comes.
  Error await(short events, Instant deadline) const;
  Error connect(const Address& to, Instant deadline);
  Error connect(const addrinfo& address, Instant deadline);
  Error send(std::string_view bytes, Instant deadline) const;
  Error secure(const Tls& tls, Instant deadline);
  // As send() and recv() of the kernel; -1 with errno EAGAIN: not now.  EPROTO: last_tls_error().
  std::ptrdiff_t write_bytes(std::string_view bytes) const;
  std::ptrdiff_t read_bytes();

  struct EndSession {
    void operator()(ssl_st* session) const;
  };

  int fd_ = -1;
  // None: in clear text.
  std::unique_ptr<ssl_st, EndSession> secured_;
  FrameDecoder decoder_{kHelloBytesMax};
  std::array<char, 64 << 10> buffer_{};
  std::string_view arrived_;
  std::size_t frame_bytes_max_ = kHelloBytesMax;
};

}  // namespace holdfast::real
