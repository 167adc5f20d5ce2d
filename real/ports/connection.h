#pragma once

// A stream of frames between two programs, as the rest of real/ sees it.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "protocol/env/network.h"

#include "real/ports/address.h"
#include "real/ports/event_loop.h"
#include "real/ports/tls.h"

namespace holdfast::real {

// All calls, in both directions, are made on the loop's thread.
class Connection {
 public:
  struct Limits {
    // A longer frame that comes in closes the connection.
    std::size_t frame_bytes_max = 0;
    // Frames that wait to be sent, in bytes of memory.  One frame may always wait.
    std::size_t queue_bytes_max = 0;
  };

  // None is called inside a call of this class, and none after close().
  struct Events {
    // dial() only.
    std::function<void()> connected;
    std::function<void(const Frame&)> frame;
    // Once, last: how it ended, for a log line.
    std::function<void(const std::string& why)> closed;
  };

  virtual ~Connection() = default;

  // Begins to read.  Once; dial() does it by itself.
  virtual void start(Events events) = 0;

  // False, and nothing happens, when the queue is full or the connection is closed.  What is sent
  // in one call of the loop leaves together afterwards.
  virtual bool send(Frame frame) = 0;

  // For the frames to come.
  virtual void set_limits(const Limits& limits) = 0;

  // While paused nothing more is read, and the sender finds its own queue full in the end.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  // What waits to be sent is dropped.
  virtual void close() = 0;

  // Sends what waits, reads nothing any more, and closes.  `closed` is not called.
  virtual void finish() = 0;

  // The other end: a numeric address and a port.
  virtual std::string remote() const = 0;
  // The same without the port: who is at the other end, however often it calls.
  virtual std::string remote_host() const = 0;
};

using ConnectionPtr = std::shared_ptr<Connection>;

// Calls `to`.  `connected` or `closed` follows.  With `tls`, `connected` comes after its handshake.
ConnectionPtr dial(EventLoop& loop,
                   const Address& to,
                   const Connection::Limits& limits,
                   Connection::Events events,
                   const TlsPtr& tls = nullptr);

// Takes calls.
class Listener {
 public:
  using Accepted = std::function<void(ConnectionPtr)>;

  // Connections come with `limits`, and not yet started.  With `tls` they begin with its handshake
  // then, and whoever does not take part in it is gone.  The error names the address and says what
  // to do.
  static tl::expected<std::unique_ptr<Listener>, std::string> open(EventLoop& loop,
                                                                   const Address& at,
                                                                   const Connection::Limits& limits,
                                                                   Accepted accepted,
                                                                   TlsPtr tls = nullptr);

  virtual ~Listener() = default;

  // The one it was given, unless that was 0.
  virtual std::uint16_t port() const = 0;
};

}  // namespace holdfast::real
