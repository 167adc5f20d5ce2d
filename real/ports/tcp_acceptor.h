#pragma once

// Takes calls over TCP; for the files of this folder that speak Asio.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <tl/expected.hpp>

#include "real/ports/address.h"
#include "real/ports/event_loop.h"

namespace holdfast::real {

class TcpAcceptor {
 public:
  using Accepted = std::function<void(boost::asio::ip::tcp::socket)>;

  // Listens at the first address of `at` that can be had.  The error names it and says what to do.
  static tl::expected<std::unique_ptr<TcpAcceptor>, std::string> open(EventLoop& loop,
                                                                      const Address& at,
                                                                      Accepted accepted);

  // Nothing is accepted any more.
  ~TcpAcceptor();

  TcpAcceptor(const TcpAcceptor&) = delete;
  TcpAcceptor& operator=(const TcpAcceptor&) = delete;

  std::uint16_t port() const;

 private:
  struct Shared;

  explicit TcpAcceptor(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<Shared> shared_;
};

}  // namespace holdfast::real
