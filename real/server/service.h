#pragma once

// Takes the requests of clients to a member, whose answers come from fibers (answers.h): how many
// are taken, which wait for what is to come, and which begin together.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/node.h"

#include "real/client/messages.h"
#include "real/ports/event_loop.h"
#include "real/ports/machine.h"
#include "real/server/answers.h"
#include "real/server/disk_watch.h"
#include "real/server/recording.h"

namespace holdfast::real {

class Service {
 public:
  // Called once, on the loop's thread, in a step or outside.
  using Reply = std::function<void(Response)>;

  struct Limits {
    // Under way, each on a fiber with a stack of its own.
    std::size_t requests_max = 8192;
    Answers::Limits answers = {};
    // Reads that wait for what is not learned.
    std::size_t awaiting_max = 4096;
    // While it is low no appends are taken; null: nobody watches.
    const DiskWatch* disk = nullptr;
    // Is told of every request that begins; null: nobody writes it down.
    Recording* recording = nullptr;
  };

  // All outlive it; the node's fibers end before it.
  Service(Node& node, EventLoop& loop, Machine& machine, Limits limits);
  ~Service();

  // A term of the member began or ended.
  void on_term() { answers_.on_term(); }

  // The member learned something, in a step.
  void on_learned();

  MemberStatus status() const { return answers_.status(); }

  // Not from inside a step.  All that come in one turn of the loop begin in one step, so that their
  // writes are synced together.
  void handle(Request request, Reply reply);

 private:
  struct Waiting {
    Request request;
    Reply reply;
    // Of the loop: when a read gives up that waits for what is not learned.
    Instant deadline = Instant::never();
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
  Answers::World world();
  std::optional<std::uint64_t> wanted_bytes() const;

  Node& node_;
  EventLoop& loop_;
  Machine& machine_;
  Limits limits_;
  Answers answers_;
  Log::Reader reader_;
  // Begun, or about to begin.
  std::size_t requests_ = 0;
  std::vector<Waiting> waiting_;
  // Reads of what is not learned yet.
  std::vector<Waiting> awaiting_;
  bool look_posted_ = false;
  Instant next_look_ = Instant::never();
  Timer awaiting_deadline_;
  std::shared_ptr<Owner> owner_;
};

}  // namespace holdfast::real
