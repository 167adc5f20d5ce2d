#pragma once

// A way in for clients besides the clients' port, which speaks another protocol.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "real/ports/event_loop.h"
#include "real/server/client_port.h"
#include "real/server/config.h"

namespace holdfast::real {

// Everything is called on the loop's thread.
class ClientDoor {
 public:
  virtual ~ClientDoor() = default;

  // As ClientPort's.
  virtual void wind_down() = 0;
  virtual std::size_t waiting() const = 0;
  virtual void close() = 0;
};

// Opens it where the configuration says; null: nowhere.  What is given outlives it; the error says
// what to do.
using OpenDoor = std::function<tl::expected<std::unique_ptr<ClientDoor>, std::string>(
    EventLoop& loop, Journal& journal, const Config& config, ClientPort::Handle handle)>;

}  // namespace holdfast::real
