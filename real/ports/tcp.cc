// Connections over TCP: the one file that knows how Asio moves bytes.

#include <chrono>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "protocol/env/check.h"

#include "real/ports/connection.h"
#include "real/ports/framing.h"
#include "real/ports/tcp_acceptor.h"

namespace holdfast::real {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 64 << 10;
// About so many bytes leave in one call of the kernel.
constexpr std::size_t kGatherBytes = 256 << 10;
// Smaller frames are copied, which costs less than a buffer of their own.
constexpr std::size_t kSmallBytes = 4 << 10;
// What a queued frame costs besides its bytes, at least.
constexpr std::size_t kFrameOverhead = 64;
// A peer that vanished without a word is noticed after about this long.
constexpr int kSilenceSeconds = 10;
constexpr std::chrono::seconds kLinger(1);

// Failures are ignored: they cost speed, or time until a dead peer is noticed.
void tune(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const int fd = socket.native_handle();
  const auto set = [fd](int level, int name, int value) {
    maybe(::setsockopt(fd, level, name, &value, sizeof(value)) == 0);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kSilenceSeconds / 2);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 1);
  set(IPPROTO_TCP, TCP_KEEPCNT, kSilenceSeconds / 2);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kSilenceSeconds * 1000);
}

class TcpConnection final : public Connection, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(asio::io_context& context, const Limits& limits, TlsPtr tls)
      : resolver_(context),
        socket_(context),
        tls_(std::move(tls)),
        limits_(limits),
        decoder_(limits.frame_bytes_max) {}

  TcpConnection(tcp::socket socket, const Limits& limits, TlsPtr tls)
      : resolver_(socket.get_executor()),
        socket_(std::move(socket)),
        tls_(std::move(tls)),
        limits_(limits),
        decoder_(limits.frame_bytes_max),
        // Nothing leaves before the handshake.
        connected_(tls_ == nullptr) {
    error_code ignored;
    endpoint_ = socket_.remote_endpoint(ignored);
    tune(socket_);
  }

  void dial(const Address& to, Events events) {
    events_ = std::make_shared<Events>(std::move(events));
    resolver_.async_resolve(to.host,
                            std::to_string(to.port),
                            [self = shared_from_this()](const error_code& error, auto results) {
                              if (self->closed_) return;
                              if (error) return self->fail(error);
                              self->connect(results);
                            });
  }

  void start(Events events) override {
    HOLDFAST_REQUIRE(!started_);
    events_ = std::make_shared<Events>(std::move(events));
    started_ = true;
    if (tls_ == nullptr) return read();
    shake_hands(Tls::Side::kCalled, [this] {
      connected_ = true;
      read();
      schedule_flush();
    });
  }

  bool send(Frame frame) override {
    if (closed_ || finishing_) return false;
    const std::size_t cost = frame->size() + kFrameOverhead;
    if (!queue_.empty() && queued_bytes_ + cost > limits_.queue_bytes_max) return false;
    queued_bytes_ += cost;
    queue_.push_back(std::move(frame));
    schedule_flush();
    return true;
  }

  void set_limits(const Limits& limits) override {
    limits_ = limits;
    decoder_.set_frame_bytes_max(limits.frame_bytes_max);
  }

  void pause_reading() override { paused_ = true; }

  void resume_reading() override {
    if (!std::exchange(paused_, false) || !started_ || closed_ || reading_) return;
    // What has arrived already is handed over first, in a call of its own.
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->deliver(); });
    reading_ = true;
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    events_.reset();
    queue_.clear();
    error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
    linger_.reset();
  }

  void finish() override {
    if (closed_) return;
    finishing_ = true;
    events_.reset();
    resume_reading();
    schedule_flush();
  }

  std::string remote() const override { return Address{remote_host(), endpoint_.port()}.text(); }

  std::string remote_host() const override { return endpoint_.address().to_string(); }

 private:
  void fail(const error_code& error) {
    const bool ended = error == asio::error::eof || error == ssl::error::stream_truncated;
    fail(ended ? std::string("the other side closed it") : error.message());
  }

  void fail(const std::string& why) {
    if (closed_) return;
    const std::shared_ptr<Events> events = events_;
    close();
    if (events && events->closed) events->closed(why);
  }

  void connect(const tcp::resolver::results_type& results) {
    std::vector<tcp::endpoint> endpoints;
    for (const auto& entry : results)
      endpoints.push_back(entry.endpoint());
    connect_next(std::move(endpoints), 0, asio::error::host_not_found);
  }

  void connect_next(std::vector<tcp::endpoint> endpoints,
                    std::size_t next,
                    const error_code& last) {
    if (next == endpoints.size()) return fail(last);
    error_code ignored;
    socket_.close(ignored);
    endpoint_ = endpoints[next];
    socket_.async_connect(endpoint_,
                          [self = shared_from_this(), endpoints = std::move(endpoints), next](
                              const error_code& error) {
                            if (self->closed_) return;
                            if (error) return self->connect_next(endpoints, next + 1, error);
                            self->on_connected();
                          });
  }

  // `then` runs when it is done, unless the connection has ended.
  void shake_hands(Tls::Side side, std::function<void()> then) {
    secured_.emplace(socket_, tls_->new_session(side));
    const auto type =
        side == Tls::Side::kCaller ? ssl::stream_base::client : ssl::stream_base::server;
    secured_->async_handshake(
        type, [self = shared_from_this(), then = std::move(then)](const error_code& error) {
          if (self->closed_) return;
          if (error) return self->fail("TLS: " + error.message());
          then();
        });
  }

  void on_connected() {
    tune(socket_);
    if (tls_ == nullptr) return on_secured();
    shake_hands(Tls::Side::kCaller, [this] { on_secured(); });
  }

  void on_secured() {
    connected_ = true;
    started_ = true;
    read();
    schedule_flush();
    const std::shared_ptr<Events> events = events_;
    if (events && events->connected) events->connected();
  }

  void read() {
    if (closed_) return;
    reading_ = true;
    if (buffer_.empty()) buffer_.resize(kReadBytes);
    auto on_read = [self = shared_from_this()](const error_code& error, std::size_t bytes) {
      if (self->closed_) return;
      if (error) return self->fail(error);
      self->arrived_ = std::string_view(self->buffer_.data(), bytes);
      self->deliver();
    };
    if (secured_) {
      secured_->async_read_some(asio::buffer(buffer_), std::move(on_read));
    } else {
      socket_.async_read_some(asio::buffer(buffer_), std::move(on_read));
    }
  }

  // Hands over what has arrived, frame by frame; then reads on.
  void deliver() {
    reading_ = false;
    if (finishing_) return read();
    while (!closed_ && !finishing_ && !paused_) {
      const Frame frame = decoder_.next(arrived_);
      if (decoder_.refused()) {
        return fail("it announced a frame of " + std::to_string(decoder_.refused_bytes()) +
                    " bytes, more than the " + std::to_string(limits_.frame_bytes_max) +
                    " allowed");
      }
      if (!frame) return read();
      // A handler may end the connection; what it holds must live until it returns.
      const std::shared_ptr<Events> events = events_;
      if (events->frame) events->frame(frame);
    }
    if (finishing_) read();
  }

  void schedule_flush() {
    if (!connected_ || writing_ || std::exchange(flush_scheduled_, true)) return;
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->flush_scheduled_ = false;
      self->flush();
    });
  }

  void flush() {
    if (closed_ || writing_) return;
    if (queue_.empty()) {
      if (finishing_) end();
      return;
    }
    const std::vector<asio::const_buffer> buffers = gather();
    writing_ = true;
    auto on_written = [self = shared_from_this()](const error_code& error, std::size_t) {
      self->on_written(error);
    };
    if (secured_) {
      asio::async_write(*secured_, buffers, std::move(on_written));
    } else {
      asio::async_write(socket_, buffers, std::move(on_written));
    }
  }

  // Asio hands at most 16 buffers to one call of the kernel: small frames are copied into one.
  std::vector<asio::const_buffer> gather() {
    // Of `small_`, where a large frame's body comes.
    std::vector<std::pair<std::size_t, const std::string*>> large;
    small_.clear();
    std::size_t bytes = 0;
    while (!queue_.empty() && bytes < kGatherBytes) {
      const Frame& frame = in_flight_.emplace_back(std::move(queue_.front()));
      queue_.pop_front();
      bytes += frame->size() + kFrameHeaderBytes;
      const auto header = frame_header(frame->size());
      small_.append(header.data(), header.size());
      if (frame->size() <= kSmallBytes) {
        small_.append(*frame);
      } else {
        large.emplace_back(small_.size(), frame.get());
      }
    }
    std::vector<asio::const_buffer> buffers;
    std::size_t from = 0;
    for (const auto& [upto, body] : large) {
      buffers.push_back(asio::buffer(small_.data() + from, upto - from));
      buffers.push_back(asio::buffer(*body));
      from = upto;
    }
    buffers.push_back(asio::buffer(small_.data() + from, small_.size() - from));
    return buffers;
  }

  void on_written(const error_code& error) {
    writing_ = false;
    for (const Frame& frame : in_flight_)
      queued_bytes_ -= frame->size() + kFrameOverhead;
    in_flight_.clear();
    if (closed_) return;
    if (error) return fail(error);
    flush();
  }

  // The other side must be able to read what was sent to it: closing now, with bytes of its own
  // unread here, would reset the connection and might take them back.  So it is given a moment to
  // close.
  void end() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    linger_.emplace(socket_.get_executor(), kLinger);
    linger_->async_wait([self = shared_from_this()](const error_code&) { self->close(); });
  }

  tcp::resolver resolver_;
  tcp::socket socket_;
  TlsPtr tls_;
  // Once the handshake has begun.
  std::optional<ssl::stream<tcp::socket&>> secured_;
  tcp::endpoint endpoint_;
  Limits limits_;
  // None once closed, or on the way there.
  std::shared_ptr<Events> events_;
  FrameDecoder decoder_;
  bool connected_ = false;
  bool started_ = false;
  bool closed_ = false;
  bool finishing_ = false;

  std::optional<asio::steady_timer> linger_;

  std::vector<char> buffer_;
  // Of `buffer_`: not handed over yet.
  std::string_view arrived_;
  bool reading_ = false;
  bool paused_ = false;

  std::deque<Frame> queue_;
  // Of `queue_` and `in_flight_`.
  std::size_t queued_bytes_ = 0;
  bool flush_scheduled_ = false;
  bool writing_ = false;
  std::vector<Frame> in_flight_;
  // Headers, and small frames in flight.
  std::string small_;
};

class TcpListener final : public Listener {
 public:
  explicit TcpListener(std::unique_ptr<TcpAcceptor> acceptor) : acceptor_(std::move(acceptor)) {}

  std::uint16_t port() const override { return acceptor_->port(); }

 private:
  std::unique_ptr<TcpAcceptor> acceptor_;
};

}  // namespace

ConnectionPtr dial(EventLoop& loop,
                   const Address& to,
                   const Connection::Limits& limits,
                   Connection::Events events,
                   const TlsPtr& tls) {
  auto connection = std::make_shared<TcpConnection>(loop.context(), limits, tls);
  connection->dial(to, std::move(events));
  return connection;
}

tl::expected<std::unique_ptr<Listener>, std::string> Listener::open(
    EventLoop& loop,
    const Address& at,
    const Connection::Limits& limits,
    Accepted accepted,
    TlsPtr tls) {
  auto acceptor = TcpAcceptor::open(
      loop, at, [limits, accepted = std::move(accepted), tls = std::move(tls)](tcp::socket socket) {
        accepted(std::make_shared<TcpConnection>(std::move(socket), limits, tls));
      });
  if (!acceptor) return tl::unexpected(std::move(acceptor.error()));
  return std::make_unique<TcpListener>(std::move(*acceptor));
}

}  // namespace holdfast::real
