#pragma once

// Answers the questions of clients, each on a fiber of the member.

#include <cstddef>
#include <functional>

#include "protocol/node.h"

#include "real/client/messages.h"
#include "real/ports/machine.h"
#include "real/server/leadership.h"

namespace holdfast::real {

class Service {
 public:
  // Called once, on the loop's thread, in a step or outside.
  using Reply = std::function<void(Response)>;

  struct Limits {
    // Reads take memory of several entries each.
    std::size_t reads_max = 8;
    // An answer holds entries of about so many bytes, and at least one.
    std::size_t page_bytes = 1 << 20;
    std::size_t page_positions = 4096;
  };

  // All outlive it; the node's fibers end before it.
  Service(Node& node, Machine& machine, Limits limits);

  // A term of the member began or ended.
  void on_term() { leadership_.on_term(); }

  MemberStatus status() const;

  // Not from inside a step.
  void handle(Request request, Reply reply);

 private:
  using Answer = decltype(Response::body);

  Answer answer(const AppendRequest& request, Instant deadline);
  Answer answer(const TruncateRequest& request, Instant deadline);
  Answer answer(const ReadRequest& request, Instant deadline);
  Answer answer(const StatusRequest& request, Instant deadline);
  Answer answer(const CatchupRequest& request, Instant deadline);

  template <typename Write>
  Answer write(Instant deadline, const Write& write);
  Answer read(Position from, Position to);

  Node& node_;
  Machine& machine_;
  Limits limits_;
  Instant started_;
  Leadership leadership_;
  Log::Reader reader_;
  std::size_t reads_ = 0;
};

}  // namespace holdfast::real
