#pragma once

// Where clients connect: their frames become requests, and answers find their way back.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "real/client/messages.h"
#include "real/ports/connection.h"
#include "real/ports/hello.h"
#include "real/ports/journal.h"

namespace holdfast::real {

struct ClientPortOptions {
  Address address;
  // Of the member: party kClient, and the member as the sender.
  Hello hello;
  Connection::Limits limits{.frame_bytes_max = 2 << 20, .queue_bytes_max = 16 << 20};
  // With it clients are listened to by TLS only.
  TlsPtr tls;
  Duration hello_deadline = Duration::seconds(5);
  std::size_t connections_max = 1024;
  // Requests of one connection that wait for their answers; beyond them nothing more is read from
  // it.
  std::size_t requests_max = 256;
};

class ClientPort {
 public:
  // Must be called once, with an answer to the request, on the loop's thread.
  using Reply = std::function<void(const Response&)>;
  using Handle = std::function<void(Request, Reply)>;

  // Everything given by reference outlives it.
  ClientPort(EventLoop& loop, Journal& journal, ClientPortOptions options, Handle handle);
  ~ClientPort();

  // The error says what to do.
  tl::expected<void, std::string> open();

  // Takes no more connections and no more requests: those that come are answered kStopping.  What
  // is under way may end.
  void wind_down();

  // Requests that wait for their answers.
  std::size_t waiting() const { return waiting_; }

  // Connections that were none of a client's, so far.
  std::uint64_t refused() const { return refused_; }

  // Ends all connections; late replies go nowhere.
  void close();

 private:
  class Caller;

  // Tells replies that come after the end that nobody waits for them.
  struct Owner {
    ClientPort* port;
  };

  void accept(ConnectionPtr connection);
  void take(Caller& caller, const Frame& frame);
  void deliver(std::uint64_t number, const Response& response);
  void note_refusal(const Connection& connection, const std::string& sort, std::string_view why);

  void drop(std::uint64_t number);

  EventLoop& loop_;
  Journal& journal_;
  ClientPortOptions options_;
  Handle handle_;
  OncePerMinute quiet_;
  std::unique_ptr<Listener> listener_;
  std::map<std::uint64_t, std::unique_ptr<Caller>> callers_;
  std::uint64_t last_caller_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t refused_ = 0;
  bool winding_down_ = false;
  std::shared_ptr<Owner> owner_;
};

}  // namespace holdfast::real
