#include "real/client/session.h"

#include <algorithm>
#include <utility>

#include "real/client/codec.h"
#include "real/ports/monotonic.h"

namespace holdfast::real {
namespace {

Failed failed(ErrorKind kind, std::string text) {
  return {.kind = kind, .text = std::move(text)};
}

}  // namespace

Session::Session(std::unique_ptr<ClientSocket> socket) : socket_(std::move(socket)) {}

Session::~Session() = default;

tl::expected<std::unique_ptr<Session>, Failed> Session::open(const Address& to,
                                                             const Hello& hello,
                                                             Instant deadline,
                                                             const TlsPtr& tls) {
  auto socket = ClientSocket::open(to, hello, deadline, tls);
  if (!socket) return tl::unexpected(socket.error());
  return std::unique_ptr<Session>(new Session(std::move(*socket)));
}

// Nothing is due between two questions: whatever can be read is the end.
bool Session::is_alive() const {
  return !socket_->is_readable();
}

tl::expected<Response, Failed> Session::call(Request request, Instant deadline) {
  request.id = ++last_id_;
  request.patience =
      std::clamp(deadline - monotonic_now(), Duration::milliseconds(1), Duration::seconds(86'400));
  const std::string bytes = encode(request);
  if (bytes.size() > socket_->frame_bytes_max()) {
    return tl::unexpected(failed(ErrorKind::kTooLarge,
                                 "a request of " + std::to_string(bytes.size()) +
                                     " bytes; the member reads at most " +
                                     std::to_string(socket_->frame_bytes_max())));
  }
  if (const auto wrong = socket_->send_frame(bytes, deadline); !wrong.empty()) {
    return tl::unexpected(failed(ErrorKind::kBroken, wrong));
  }
  Frame frame;
  if (const auto wrong = socket_->receive_frame(frame, deadline); !wrong.empty()) {
    return tl::unexpected(failed(ErrorKind::kBroken, wrong));
  }
  auto response = decode_response(*frame);
  if (!response) return tl::unexpected(failed(ErrorKind::kBroken, response.error()));
  // One question at a time: no other answer can be due.
  if (response->id != request.id) {
    return tl::unexpected(failed(ErrorKind::kBroken, "an answer to no question of ours"));
  }
  return std::move(*response);
}

}  // namespace holdfast::real
