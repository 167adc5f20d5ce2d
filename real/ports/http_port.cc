// The one file that knows Beast.

#include "real/ports/http_port.h"

#include <chrono>
#include <list>
#include <optional>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "real/ports/tcp_acceptor.h"

namespace holdfast::real {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

class Port;

// One connection; it lives as long as something of it is under way.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(tcp::socket socket, Port& port) : stream_(std::move(socket)), port_(&port) {}

  void read();

  // Nobody is there any more to answer.
  void close() {
    port_ = nullptr;
    stream_.close();
  }

  // No request has begun to come.
  bool is_idle() const { return idle_; }

 private:
  void on_read(const error_code& error);
  void on_written(const error_code& error, bool keep_alive);
  void end();

  beast::tcp_stream stream_;
  Port* port_;
  bool idle_ = true;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
};

class Port final : public HttpPort {
 public:
  Port(const Limits& limits, Answer answer) : limits_(limits), answer_(std::move(answer)) {}

  ~Port() override {
    acceptor_ = nullptr;
    for (const auto& exchange : exchanges_)
      exchange->close();
  }

  // What is wrong, or nothing.
  std::string listen(EventLoop& loop, const Address& at) {
    auto acceptor =
        TcpAcceptor::open(loop, at, [this](tcp::socket socket) { take(std::move(socket)); });
    if (!acceptor) return acceptor.error();
    acceptor_ = std::move(*acceptor);
    return {};
  }

  std::uint16_t port() const override { return acceptor_->port(); }

  const Limits& limits() const { return limits_; }

  HttpAnswer answer(std::string_view path) const { return answer_(path); }

  void drop(const Exchange& exchange) {
    exchanges_.remove_if([&](const auto& each) { return each.get() == &exchange; });
  }

 private:
  void take(tcp::socket socket) {
    if (exchanges_.size() >= limits_.connections_max) make_room();
    if (exchanges_.size() >= limits_.connections_max) return;
    exchanges_.push_back(std::make_shared<Exchange>(std::move(socket), *this));
    exchanges_.back()->read();
  }

  void make_room() {
    for (auto at = exchanges_.begin(); at != exchanges_.end(); ++at) {
      if (!(*at)->is_idle()) continue;
      (*at)->close();
      exchanges_.erase(at);
      return;
    }
  }

  Limits limits_;
  Answer answer_;
  // The oldest first.
  std::list<std::shared_ptr<Exchange>> exchanges_;
  std::unique_ptr<TcpAcceptor> acceptor_;
};

void Exchange::read() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(port_->limits().header_bytes_max));
  parser_->body_limit(0);
  stream_.expires_after(std::chrono::nanoseconds(port_->limits().patience.ns()));
  http::async_read(
      stream_,
      buffer_,
      *parser_,
      [self = shared_from_this()](const error_code& error, std::size_t) { self->on_read(error); });
}

void Exchange::on_read(const error_code& error) {
  if (port_ == nullptr) return;
  if (error) return end();
  idle_ = false;
  const auto& request = parser_->get();
  const bool is_get = request.method() == http::verb::get || request.method() == http::verb::head;
  const std::string_view target(request.target().data(), request.target().size());
  HttpAnswer answer = is_get
                          ? port_->answer(target.substr(0, target.find('?')))
                          : HttpAnswer{.status = 405, .body = "only GET and HEAD are answered\n"};
  response_ =
      http::response<http::string_body>(http::int_to_status(answer.status), request.version());
  response_.set(http::field::content_type, answer.content_type);
  response_.set(http::field::cache_control, "no-store");
  // A page of one member shows what the others say.
  response_.set(http::field::access_control_allow_origin, "*");
  response_.keep_alive(request.keep_alive());
  response_.body() = std::move(answer.body);
  response_.prepare_payload();
  // The same header, and no body.
  if (request.method() == http::verb::head) response_.body().clear();
  stream_.expires_after(std::chrono::nanoseconds(port_->limits().patience.ns()));
  http::async_write(stream_,
                    response_,
                    [self = shared_from_this(), keep = request.keep_alive()](
                        const error_code& wrong, std::size_t) { self->on_written(wrong, keep); });
}

void Exchange::on_written(const error_code& error, bool keep_alive) {
  if (port_ == nullptr) return;
  if (error || !keep_alive) return end();
  idle_ = true;
  read();
}

void Exchange::end() {
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  Port* const port = std::exchange(port_, nullptr);
  port->drop(*this);
}

}  // namespace

tl::expected<std::unique_ptr<HttpPort>, std::string> HttpPort::open(EventLoop& loop,
                                                                    const Address& at,
                                                                    const Limits& limits,
                                                                    Answer answer) {
  auto port = std::make_unique<Port>(limits, std::move(answer));
  if (auto wrong = port->listen(loop, at); !wrong.empty()) return tl::unexpected(std::move(wrong));
  return port;
}

}  // namespace holdfast::real
