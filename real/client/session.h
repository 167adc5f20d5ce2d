#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "protocol/env/time.h"

#include "real/client/client_socket.h"
#include "real/client/messages.h"
#include "real/ports/address.h"
#include "real/ports/hello.h"

namespace holdfast::real {

// One connection to one member's client port, and one question at a time.  Blocks; for one thread.
class Session {
 public:
  // As ClientSocket::open().
  static tl::expected<std::unique_ptr<Session>, Failed> open(const Address& to,
                                                             const Hello& hello,
                                                             Instant deadline,
                                                             const TlsPtr& tls = nullptr);

  ~Session();

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // False when the member closed the connection meanwhile: nothing should be asked here any more.
  bool is_alive() const;

  // Sends `request` (its id and patience are filled in) and waits for the answer.  kTooLarge: the
  // member would not read it, so it was not sent.  kBroken: what was asked may have happened; the
  // session is of no more use.
  tl::expected<Response, Failed> call(Request request, Instant deadline);

 private:
  explicit Session(std::unique_ptr<ClientSocket> socket);

  std::unique_ptr<ClientSocket> socket_;
  std::uint64_t last_id_ = 0;
};

}  // namespace holdfast::real
