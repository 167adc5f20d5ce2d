#include "real/ports/tcp_acceptor.h"

#include <chrono>
#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace holdfast::real {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Outlives the acceptor while an accept is under way.
struct TcpAcceptor::Shared : std::enable_shared_from_this<Shared> {
  Shared(asio::io_context& context, Accepted a)
      : acceptor(context),
        pause(context),
        accepted(std::move(a)) {}

  error_code listen_at(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor.close(error);
    acceptor.open(endpoint.protocol(), error);
    // A port whose last owner's connections have not quite ended may be taken over.
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    return error;
  }

  error_code listen(const Address& at) {
    error_code error;
    tcp::resolver resolver(acceptor.get_executor());
    const auto results =
        resolver.resolve(at.host, std::to_string(at.port), tcp::resolver::passive, error);
    if (error) return error;
    error = asio::error::host_not_found;
    for (const auto& entry : results) {
      error = listen_at(entry.endpoint());
      if (!error) break;
    }
    return error;
  }

  void accept() {
    acceptor.async_accept(
        [shared = shared_from_this()](const error_code& error, tcp::socket socket) {
          if (!shared->open) return;
          if (!error) {
            shared->accepted(std::move(socket));
            if (shared->open) shared->accept();
            return;
          }
          // For want of descriptors or memory.
          constexpr std::chrono::milliseconds kPause(100);
          shared->pause.expires_after(kPause);
          shared->pause.async_wait([shared](const error_code&) {
            if (shared->open) shared->accept();
          });
        });
  }

  tcp::acceptor acceptor;
  asio::steady_timer pause;
  Accepted accepted;
  bool open = true;
};

tl::expected<std::unique_ptr<TcpAcceptor>, std::string> TcpAcceptor::open(EventLoop& loop,
                                                                          const Address& at,
                                                                          Accepted accepted) {
  auto shared = std::make_shared<Shared>(loop.context(), std::move(accepted));
  const error_code error = shared->listen(at);
  if (!error) {
    shared->accept();
    return std::unique_ptr<TcpAcceptor>(new TcpAcceptor(std::move(shared)));
  }
  std::string what = "cannot listen at " + at.text() + ": " + error.message();
  if (error == asio::error::address_in_use) {
    what += "; another program has this port: stop it (ss -ltnp shows it), or configure another";
  } else if (error == asio::error::access_denied) {
    what += "; ports below 1024 need a privilege: configure another";
  } else {
    what += "; the address must be one of this machine's";
  }
  return tl::unexpected(std::move(what));
}

TcpAcceptor::~TcpAcceptor() {
  error_code ignored;
  shared_->open = false;
  shared_->acceptor.close(ignored);
  shared_->pause.cancel();
}

std::uint16_t TcpAcceptor::port() const {
  error_code ignored;
  return shared_->acceptor.local_endpoint(ignored).port();
}

}  // namespace holdfast::real
