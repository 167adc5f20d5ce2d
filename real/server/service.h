#pragma once

// Answers the questions of clients, each on a fiber of the member.

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "protocol/node.h"

#include "real/client/messages.h"
#include "real/ports/event_loop.h"
#include "real/ports/machine.h"
#include "real/server/disk_watch.h"
#include "real/server/leadership.h"

namespace holdfast::real {

class Service {
 public:
  // Called once, on the loop's thread, in a step or outside.
  using Reply = std::function<void(Response)>;

  struct Limits {
    // Under way, each on a fiber with a stack of its own.
    std::size_t requests_max = 8192;
    // Reads take memory of several entries each.
    std::size_t reads_max = 8;
    // An answer holds entries of about so many bytes, and at least one.
    std::size_t page_bytes = 1 << 20;
    std::size_t page_positions = 4096;
    // Reads that wait for what is not learned.
    std::size_t awaiting_max = 4096;
    // While it is low no appends are taken; null: nobody watches.
    const DiskWatch* disk = nullptr;
  };

  // All outlive it; the node's fibers end before it.
  Service(Node& node, EventLoop& loop, Machine& machine, Limits limits);
  ~Service();

  // A term of the member began or ended.
  void on_term() { leadership_.on_term(); }

  // The member learned something, in a step.
  void on_learned();

  MemberStatus status() const;

  // Not from inside a step.  All that come in one turn of the loop begin in one step, so that their
  // writes are synced together.
  void handle(Request request, Reply reply);

 private:
  struct Waiting {
    Request request;
    Reply reply;
    Instant deadline;
  };

  // Tells the turn that is to come that nobody waits for it any more.
  struct Owner {
    Service* service;
  };

  bool is_learned(Position p) const;
  void await(Request request, Reply reply);
  void look_at_awaiting();
  void begin(Request request, Reply reply);
  void begin_all();
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
  EventLoop& loop_;
  Machine& machine_;
  Limits limits_;
  Instant started_;
  Leadership leadership_;
  Log::Reader reader_;
  // Begun, or about to begin.
  std::size_t requests_ = 0;
  std::size_t reads_ = 0;
  std::vector<Waiting> waiting_;
  // Reads of what is not learned yet.
  std::vector<Waiting> awaiting_;
  bool look_posted_ = false;
  Instant next_look_ = Instant::never();
  Timer awaiting_deadline_;
  std::shared_ptr<Owner> owner_;
};

}  // namespace holdfast::real
