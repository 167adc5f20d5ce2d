#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protocol/env/network.h"
#include "protocol/env/random.h"

#include "real/ports/connection.h"
#include "real/ports/hello.h"
#include "real/ports/journal.h"

namespace holdfast::real {

struct MemberAddress {
  NodeId id;
  Address address;
};

struct NetworkOptions {
  // The member's own hello; the receiver is filled in per call.
  Hello hello;
  // All members, this one included: its address is where it listens.
  std::vector<MemberAddress> members;

  Connection::Limits limits{.frame_bytes_max = 16 << 20, .queue_bytes_max = 64 << 20};

  // With it members are called, and listened to, by TLS only.
  TlsPtr tls;

  // Between two attempts to reach a member: at first, and at most.  Each pause is drawn between
  // half of it and the whole.
  Duration reconnect_min = Duration::milliseconds(50);
  Duration reconnect_max = Duration::seconds(2);

  // Whoever connects has this long to say hello, and so many may be about to.
  Duration hello_deadline = Duration::seconds(5);
  std::size_t strangers_max = 64;
};

struct NetworkCounters {
  std::uint64_t sent = 0;      // given to a connection, or kept for one that is about to stand
  std::uint64_t dropped = 0;   // not even that: to nobody, no connection, or the queue is full
  std::uint64_t received = 0;  // handed over
  std::uint64_t refused = 0;   // connections that were none of ours
};

// The network port over TCP.
//
// A member calls every other and sends on that connection only; it receives on those it is called
// on.  A connection that ends takes what was queued with it, and is dialled again.
class MemberNetwork final : public Network {
 public:
  // What arrives, and a member whose connection to this one has ended.
  struct Callbacks {
    std::function<void(const Frame&)> deliver;
    std::function<void(NodeId)> disconnected;
  };

  // Everything given by reference outlives it.
  MemberNetwork(EventLoop& loop,
                Random& random,
                Journal& journal,
                NetworkOptions options,
                Callbacks callbacks);
  ~MemberNetwork() override;

  // Listens and calls.  The error says what to do.
  tl::expected<void, std::string> open();

  // Ends all connections; nothing is delivered any more, and what is sent is dropped.
  void close();

  void send(NodeId to, Frame frame) override;

  const NetworkCounters& counters() const { return counters_; }

  // Members to which a connection stands.
  std::size_t connected() const;

 private:
  class Link;
  class Caller;

  void accept(ConnectionPtr connection);
  void admit(Caller& caller, const Hello& hello);
  Verdict judge_hello(const Hello& hello) const;
  void refuse(Caller& caller, Verdict verdict);
  // One line per minute, host and sort of refusal.
  void note_refusal(const Caller& caller, const std::string& sort, std::string_view why);
  void drop(Caller& caller);

  EventLoop& loop_;
  Random& random_;
  Journal& journal_;
  NetworkOptions options_;
  Callbacks callbacks_;
  NetworkCounters counters_;
  OncePerMinute quiet_;

  std::unique_ptr<Listener> listener_;
  std::map<NodeId, std::unique_ptr<Link>> links_;
  // Who called and was not let in yet, and who was.
  std::map<std::uint64_t, std::unique_ptr<Caller>> callers_;
  std::uint64_t last_caller_ = 0;
  std::size_t strangers_ = 0;
};

}  // namespace holdfast::real
