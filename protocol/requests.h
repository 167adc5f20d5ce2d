#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "protocol/env/state_hash.h"
#include "protocol/env/tracer.h"

#include "protocol/messages.h"

namespace holdfast {

// Who answers: a member, which boot and which incarnation of it, and of which incarnation of the
// one that asked it was told that it votes.
struct Speaker {
  NodeId node;
  BootNonce boot;
  Incarnation incarnation{};
  Incarnation knows_voting{};
};

// The questions this life has asked and not yet closed.  An answer reaches whoever asked, or
// nobody: never another request's tally (D6).
class Requests {
 public:
  using Sink = std::function<void(const Speaker& from, Message& reply)>;
  // A member has a new incarnation: what a former one answered counts no more.
  using Forget = std::function<void(NodeId member)>;

  explicit Requests(Tracer& tracer) : tracer_(tracer) {}

  // `sink` is called for every answer until close().
  RequestId open(Sink sink, Forget forget) {
    const RequestId id{++last_};
    open_.emplace(id, Open{.sink = std::move(sink), .forget = std::move(forget)});
    return id;
  }

  void close(RequestId id) { open_.erase(id); }

  // Ids are used once: one that was closed is never open again.
  bool is_open(RequestId id) const { return open_.contains(id); }

  void on_reply(const Speaker& from, RequestId id, Message& reply);
  void on_succession(NodeId member);

  // All that what it does later depends on (node_state.cc), but what sinks do: whoever asked says
  // what it keeps of the answers.
  void add_state(StateHash& hash) const;

 private:
  struct Open {
    Sink sink;
    Forget forget;
  };

  Tracer& tracer_;
  std::uint64_t last_ = 0;
  std::map<RequestId, Open> open_;
};

// Closes a request at the end of the asker's frame, also when a cancelled fiber unwinds through it.
class OpenRequest {
 public:
  OpenRequest(Requests& requests, Requests::Sink sink, Requests::Forget forget)
      : requests_(requests),
        id_(requests.open(std::move(sink), std::move(forget))) {}

  ~OpenRequest() { requests_.close(id_); }

  OpenRequest(const OpenRequest&) = delete;
  OpenRequest& operator=(const OpenRequest&) = delete;

  RequestId id() const { return id_; }

 private:
  Requests& requests_;
  RequestId id_;
};

}  // namespace holdfast
