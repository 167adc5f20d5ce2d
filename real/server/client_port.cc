#include "real/server/client_port.h"

#include <utility>

#include "real/client/codec.h"

namespace holdfast::real {
namespace {

Frame frame_of(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace

// One connection: a stranger until its hello was accepted.
class ClientPort::Caller {
 public:
  Caller(ClientPort& port, std::uint64_t number, ConnectionPtr connection)
      : port_(port),
        number_(number),
        connection_(std::move(connection)),
        deadline_(port.loop_, [this] { send_away("silence", "it did not say hello in time"); }) {}

  ~Caller() {
    if (connection_) connection_->close();
  }

  void start() {
    deadline_.set(port_.loop_.now() + port_.options_.hello_deadline);
    connection_->start({.connected = nullptr,
                        .frame = [this](const Frame& frame) { on_frame(frame); },
                        .closed = [this](const std::string& why) { gone(why); }});
  }

  std::uint64_t number() const { return number_; }

  // The connection cannot be understood any more, or not served.  Ends this object.
  void send_away(const std::string& sort, std::string_view why) {
    port_.note_refusal(*connection_, sort, why);
    port_.drop(number_);
  }

  // May end this object.
  void answer(const Response& response) {
    const bool was_full = --waiting_ + 1 == port_.options_.requests_max;
    if (!connection_->send(frame_of(encode(response)))) {
      send_away("slow", "it does not read its answers");
      return;
    }
    if (was_full) connection_->resume_reading();
  }

  void asked() {
    if (++waiting_ == port_.options_.requests_max) connection_->pause_reading();
  }

 private:
  void on_frame(const Frame& frame) {
    if (!stranger_) return port_.take(*this, frame);
    const auto hello = decode_hello(*frame);
    const Verdict verdict = hello ? judge(*hello, port_.options_.hello) : Verdict::kGarbage;
    const auto version = hello ? common_version(*hello, port_.options_.hello) : std::nullopt;
    const Welcome welcome{verdict,
                          static_cast<std::uint32_t>(port_.options_.limits.frame_bytes_max),
                          version.value_or(port_.options_.hello.version_max)};
    connection_->send(frame_of(encode(welcome)));
    if (verdict == Verdict::kWelcome) {
      stranger_ = false;
      deadline_.cancel();
      connection_->set_limits(port_.options_.limits);
      return;
    }
    port_.note_refusal(
        *connection_, std::to_string(static_cast<int>(verdict)), verdict_text(verdict));
    std::exchange(connection_, nullptr)->finish();
    port_.drop(number_);
  }

  void gone(const std::string& why) {
    if (stranger_) port_.note_refusal(*connection_, "silence", why);
    port_.drop(number_);
  }

  ClientPort& port_;
  std::uint64_t number_;
  ConnectionPtr connection_;
  bool stranger_ = true;
  std::size_t waiting_ = 0;
  Timer deadline_;
};

ClientPort::ClientPort(EventLoop& loop, Journal& journal, ClientPortOptions options, Handle handle)
    : loop_(loop),
      journal_(journal),
      options_(std::move(options)),
      handle_(std::move(handle)),
      owner_(std::make_shared<Owner>(Owner{this})) {}

ClientPort::~ClientPort() {
  close();
}

tl::expected<void, std::string> ClientPort::open() {
  auto listener = Listener::open(
      loop_,
      options_.address,
      {.frame_bytes_max = kHelloBytesMax, .queue_bytes_max = options_.limits.queue_bytes_max},
      [this](ConnectionPtr connection) { accept(std::move(connection)); },
      options_.tls);
  if (!listener) return tl::unexpected(listener.error());
  listener_ = std::move(*listener);
  return {};
}

void ClientPort::wind_down() {
  listener_.reset();
  winding_down_ = true;
}

void ClientPort::close() {
  owner_->port = nullptr;
  listener_.reset();
  callers_.clear();
}

void ClientPort::accept(ConnectionPtr connection) {
  if (callers_.size() >= options_.connections_max) {
    note_refusal(*connection, "full", verdict_text(Verdict::kFull));
    connection->close();
    return;
  }
  const std::uint64_t number = ++last_caller_;
  auto caller = std::make_unique<Caller>(*this, number, std::move(connection));
  callers_.emplace(number, std::move(caller)).first->second->start();
}

void ClientPort::take(Caller& caller, const Frame& frame) {
  auto request = decode_request(*frame);
  if (!request) return caller.send_away("request", request.error());
  caller.asked();
  ++waiting_;
  const std::uint64_t id = request->id;
  Reply reply = [owner = owner_, number = caller.number()](const Response& response) {
    if (owner->port != nullptr) owner->port->deliver(number, response);
  };
  if (winding_down_) {
    return reply({id, Failed{.kind = ErrorKind::kStopping, .text = "the member is about to end"}});
  }
  handle_(std::move(*request), std::move(reply));
}

void ClientPort::deliver(std::uint64_t number, const Response& response) {
  --waiting_;
  const auto caller = callers_.find(number);
  if (caller != callers_.end()) caller->second->answer(response);
}

void ClientPort::note_refusal(const Connection& connection,
                              const std::string& sort,
                              std::string_view why) {
  ++refused_;
  std::uint64_t held_back = 0;
  if (!quiet_.allows(connection.remote_host() + " " + sort, loop_.now(), held_back)) return;
  journal_.say(Level::kWarning,
               "connection_refused",
               {{"from", connection.remote()},
                {"port", "clients"},
                {"why", std::string(why)},
                {"held_back", std::to_string(held_back)}});
}

void ClientPort::drop(std::uint64_t number) {
  callers_.erase(number);
}

}  // namespace holdfast::real
