#pragma once

// The cluster of a script: a quiet world in which nothing goes wrong unless the script says so, one
// client on each member, the trace of what is said, and all judges.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/fiber/stack_pool.h"
#include "protocol/log.h"

#include "scenarios/cluster.h"
#include "scenarios/script/mail.h"
#include "scenarios/script/trace.h"

namespace holdfast::scenarios::script {

// What the clients of a member hold: for one life of the member.
struct Client {
  Log::Writer writer;
  Log::Reader reader;
};

class Stage {
 public:
  // Requires: validate() of both options found nothing.
  Stage(const sim::WorldOptions& world, const ClusterOptions& cluster, Trace::Shown shown);
  ~Stage();

  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Settings that leave nothing to chance, and waits long enough to be told apart from answers.
  static sim::WorldOptions quiet_world();
  static ClusterOptions calm_members();

  Cluster& cluster() { return *cluster_; }

  sim::World& world() { return cluster_->world(); }

  Trace& trace() { return trace_; }

  Mail& mail() { return *mail_; }

  int nodes() const { return nodes_; }

  // What a client's operation sees.  Lives as long as the member does.
  struct Call {
    Client& client;
    Tracer& tracer;
    // Names the operation in events.
    std::uint64_t op;
  };

  // A client on `node` begins an operation: `body` runs on a fiber of the member and returns what
  // the client is told.  `what` names it.  Requires: the member is up and its log is open.
  void begin(NodeId node, std::string what, std::function<std::string(const Call&)> body);

  // Runs the world until every operation has ended and what it caused has arrived, for at most
  // `limit`; says which operations still wait.
  void settle(Duration limit);

  void run(Duration length);

  // What the judges found that was not returned before.
  std::vector<std::string> new_violations();

  // The run is over: the judges have their last word.
  void finish() { cluster_->panel().finish(); }

 private:
  // A member and the number of its life.
  using Life = std::pair<NodeId, std::uint32_t>;

  struct Operation {
    Life life;
    std::string what;
  };

  bool over();
  Client& client_on(NodeId node);

  Life life_of(NodeId node) const { return {node, trace_.life(node)}; }

  StackPool stacks_;
  Trace trace_;
  std::map<std::uint64_t, Operation> waiting_;
  std::map<Life, std::unique_ptr<Client>> clients_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Mail> mail_;
  int nodes_;
  std::uint64_t operations_ = 0;
  std::size_t violations_told_ = 0;
};

}  // namespace holdfast::scenarios::script
