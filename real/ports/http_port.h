#pragma once

// A port that answers GET over HTTP/1.1: for scrapers, probes and browsers.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "protocol/env/time.h"

#include "real/ports/address.h"
#include "real/ports/event_loop.h"

namespace holdfast::real {

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpPort {
 public:
  // What there is under a path, without its query.  Called on the loop's thread.
  using Answer = std::function<HttpAnswer(std::string_view path)>;

  struct Limits {
    // Of those that come when there are so many, the oldest that waits for a request is closed.
    std::size_t connections_max = 64;
    std::size_t header_bytes_max = 8 << 10;
    // Without a whole request, or while an answer is not taken.
    Duration patience = Duration::seconds(10);
  };

  // Listens.  The error names the address and says what to do.  `loop` outlives it.
  static tl::expected<std::unique_ptr<HttpPort>, std::string> open(EventLoop& loop,
                                                                   const Address& at,
                                                                   const Limits& limits,
                                                                   Answer answer);

  // Ends all connections.
  virtual ~HttpPort() = default;

  // The one it was given, unless that was 0.
  virtual std::uint16_t port() const = 0;
};

}  // namespace holdfast::real
