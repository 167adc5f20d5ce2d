#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "protocol/env/tracer.h"

#include "protocol/messages.h"

namespace holdfast {

// The questions this life has asked and not yet closed.  An answer reaches whoever asked, or
// nobody: never another request's tally (D6).
class Requests {
 public:
  using Sink = std::function<void(NodeId from, Message& reply)>;

  explicit Requests(Tracer& tracer) : tracer_(tracer) {}

  // `sink` is called for every answer until close().
  RequestId open(Sink sink) {
    const RequestId id{++last_};
    open_.emplace(id, std::move(sink));
    return id;
  }

  void close(RequestId id) { open_.erase(id); }

  void on_reply(NodeId from, RequestId id, Message& reply);

 private:
  Tracer& tracer_;
  std::uint64_t last_ = 0;
  std::map<RequestId, Sink> open_;
};

// Closes a request at the end of the asker's frame, also when a cancelled fiber unwinds through it.
class OpenRequest {
 public:
  OpenRequest(Requests& requests, Requests::Sink sink)
      : requests_(requests),
        id_(requests.open(std::move(sink))) {}

  ~OpenRequest() { requests_.close(id_); }

  OpenRequest(const OpenRequest&) = delete;
  OpenRequest& operator=(const OpenRequest&) = delete;

  RequestId id() const { return id_; }

 private:
  Requests& requests_;
  RequestId id_;
};

}  // namespace holdfast
