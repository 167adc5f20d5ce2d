#include "scenarios/script/stage.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace holdfast::scenarios::script {
namespace {

constexpr Duration kSlice = Duration::microseconds(500);
// What an operation sent at its end arrives, is made durable and is answered.
constexpr Duration kAftermath = Duration::milliseconds(5);

}  // namespace

sim::WorldOptions Stage::quiet_world() {
  sim::WorldOptions options;
  options.nodes = 3;
  options.network.delay_base = Duration::milliseconds(1);
  options.network.delay_spread = Duration();
  options.clock.origin_max = Duration();
  for (sim::LaneLatency* lane : {&options.disk.commit, &options.disk.bulk}) {
    *lane = {.base = Duration::microseconds(200),
             .spread = Duration(),
             .tail_per_million = 0,
             .tail_doublings_max = 0};
  }
  options.restart_min = Duration::milliseconds(10);
  options.restart_max = Duration::milliseconds(10);
  return options;
}

ClusterOptions Stage::calm_members() {
  ClusterOptions options;
  options.store = StoreKind::kMemory;
  options.resend_min = Duration::milliseconds(100);
  options.resend_max = Duration::milliseconds(400);
  options.election_deadline = Duration::seconds(1);
  options.write_deadline = Duration::seconds(1);
  options.backoff = Duration::milliseconds(50);
  options.chosen_interval = Duration::milliseconds(200);
  options.fetch_delay = Duration::milliseconds(20);
  return options;
}

Stage::Stage(const sim::WorldOptions& world, const ClusterOptions& cluster, Trace::Shown shown)
    : cluster_(std::make_unique<Cluster>(world, cluster, stacks_, &trace_)),
      mail_(std::make_unique<Mail>(cluster_->world(), trace_)),
      nodes_(static_cast<int>(world.nodes)) {
  trace_.watch(cluster_->world());
  trace_.show(shown);
  cluster_->world().set_event_sink(&trace_);
  run(Duration::milliseconds(10));
}

Stage::~Stage() = default;

Client& Stage::client_on(NodeId node) {
  std::unique_ptr<Client>& client = clients_[life_of(node)];
  if (client == nullptr) {
    Log& log = cluster_->node(node)->log();
    client.reset(new Client{log.writer(), log.reader()});
  }
  return *client;
}

void Stage::begin(NodeId node, std::string what, std::function<std::string(const Call&)> body) {
  HOLDFAST_REQUIRE(cluster_->node(node) != nullptr && cluster_->node(node)->is_ready(), node);
  const std::uint64_t op = ++operations_;
  Client& client = client_on(node);
  waiting_[op] = {life_of(node), what};
  cluster_->with_application(node, [&](Application& application) {
    application.node().scheduler().spawn(
        [this, node, op, what, &client, &tracer = application.tracer(), body = std::move(body)] {
          const std::string told = body({client, tracer, op});
          trace_.say(name_of(node), fmt::format("client: {} -> {}", what, told));
          waiting_.erase(op);
        });
  });
  trace_.end_step();
}

// The operations of a member that died are over: nobody is left to be told.
bool Stage::over() {
  std::erase_if(waiting_, [&](const auto& each) {
    const Life& life = each.second.life;
    return trace_.life(life.first) != life.second;
  });
  return waiting_.empty();
}

void Stage::settle(Duration limit) {
  const Instant end = world().now() + limit;
  while (!over() && world().now() < end)
    run(kSlice);
  if (over()) {
    if (limit > Duration()) run(kAftermath);
    return;
  }
  for (const auto& [op, operation] : waiting_) {
    trace_.say(name_of(operation.life.first),
               fmt::format("client: {} -> still waits", operation.what));
  }
}

void Stage::run(Duration length) {
  world().run_until(world().now() + length);
}

std::vector<std::string> Stage::new_violations() {
  const auto& all = cluster_->panel().verdict().violations();
  std::vector<std::string> fresh;
  for (std::size_t i = violations_told_; i < all.size(); ++i)
    fresh.push_back(all[i].describe());
  violations_told_ = all.size();
  return fresh;
}

}  // namespace holdfast::scenarios::script
