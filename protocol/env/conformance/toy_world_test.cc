// The smallest world that keeps the contract of the ports: one queue of events in the order of a
// common time.  It shows that the suite can be passed, and how to write a harness.

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/env/check.h"
#include "protocol/env/conformance/port_conformance.h"
#include "protocol/env/hash.h"

namespace holdfast::conformance {
namespace {

constexpr Duration kFrameDelay = Duration::microseconds(300);
constexpr Duration kJobTime = Duration::milliseconds(1);

// Events at the same time happen in the order in which they were asked for.
class Agenda {
 public:
  using Key = std::pair<Instant, std::uint64_t>;

  Instant now() const { return now_; }

  Key add(Instant at, std::function<void()> event) {
    const Key key{std::max(at, now_), ++sequence_};
    events_.emplace(key, std::move(event));
    return key;
  }

  void remove(Key key) { events_.erase(key); }

  void run() {
    while (!events_.empty()) {
      auto first = events_.extract(events_.begin());
      now_ = first.key().first;
      first.mapped()();
    }
  }

 private:
  Instant now_ = Instant::at(1'000'000'000);
  std::uint64_t sequence_ = 0;
  std::map<Key, std::function<void()>> events_;
};

class ToyWorld;

// The five ports of one node, and the process that uses them.
class ToyNode : public Clock, public Network, public Disk, public Random, public Tracer {
 public:
  ToyNode(NodeId id, ToyWorld& world) : id_(id), world_(world) {}

  void boot(const PortsHarness::Boot& boot);

  void deliver(const Frame& frame) { process_->on_frame(frame); }

  Instant now() const override;
  void set_alarm(Instant at) override;
  void send(NodeId to, Frame frame) override;
  void submit(Lane lane, Job job, Done done) override;

  bool sync_directory(const std::string& path) override { return path == directory(); }

  std::uint64_t draw(RandomStream stream) override {
    const auto entity = mix(id_.value, static_cast<std::uint64_t>(stream));
    return mix(entity, ++draws_[stream]);
  }

  void record(EventKind kind,
              std::initializer_list<std::uint64_t> words,
              std::string_view bytes) override {
    trace_ = mix(trace_, static_cast<std::uint64_t>(kind));
    for (const std::uint64_t word : words)
      trace_ = mix(trace_, word);
    trace_ = mix(trace_, hash_bytes(bytes));
  }

  void reach(Point point) override { trace_ = mix(trace_, static_cast<std::uint64_t>(point)); }

  std::string directory() const { return "/node" + std::to_string(id_.value); }

 private:
  NodeId id_;
  ToyWorld& world_;
  std::unique_ptr<Process> process_;
  std::optional<Agenda::Key> alarm_;
  std::array<Instant, 2> lane_free_at_;
  std::map<RandomStream, std::uint64_t> draws_;
  std::uint64_t trace_ = 0;
};

class ToyWorld : public PortsHarness {
 public:
  void boot(std::uint8_t count, const Boot& boot) override {
    for (std::uint8_t i = 1; i <= count; ++i) {
      auto node = std::make_unique<ToyNode>(NodeId{i}, *this);
      node->boot(boot);
      nodes_.emplace(NodeId{i}, std::move(node));
    }
  }

  void settle() override { agenda_.run(); }

  std::string directory(NodeId node) override { return nodes_.at(node)->directory(); }

  void linger() override {}

  bool repeatable() const override { return true; }

  Agenda& agenda() { return agenda_; }

  ToyNode* find(NodeId id) {
    const auto found = nodes_.find(id);
    return found == nodes_.end() ? nullptr : found->second.get();
  }

 private:
  Agenda agenda_;
  std::map<NodeId, std::unique_ptr<ToyNode>> nodes_;
};

void ToyNode::boot(const PortsHarness::Boot& boot) {
  process_ = boot(id_, Ports{*this, *this, *this, *this, *this});
  world_.agenda().add(Instant(), [this] { process_->start(); });
}

Instant ToyNode::now() const {
  // Clocks of different nodes have different origins.
  return world_.agenda().now() + Duration::seconds(id_.value);
}

void ToyNode::set_alarm(Instant at) {
  if (alarm_) world_.agenda().remove(*alarm_);
  alarm_.reset();
  if (at == Instant::never()) return;
  alarm_ = world_.agenda().add(world_.agenda().now() + (std::max(at, now()) - now()), [this] {
    alarm_.reset();
    process_->on_alarm();
  });
}

void ToyNode::send(NodeId to, Frame frame) {
  ToyNode* const receiver = world_.find(to);
  if (!receiver) return;
  // Not in the order of sending: nobody may count on it.
  const Duration delay = kFrameDelay * (1 + static_cast<int>(hash_bytes(*frame) % 3));
  world_.agenda().add(world_.agenda().now() + delay,
                      [receiver, frame = std::move(frame)] { receiver->deliver(frame); });
}

void ToyNode::submit(Lane lane, Job job, Done done) {
  Instant& free_at = lane_free_at_.at(static_cast<std::size_t>(lane));
  free_at = std::max(free_at, world_.agenda().now()) + kJobTime;
  world_.agenda().add(free_at, [job = std::move(job), done = std::move(done)] {
    job();
    done();
  });
}

INSTANTIATE_TEST_SUITE_P(ToyWorld, PortConformance, ::testing::Values([] {
                           return std::unique_ptr<PortsHarness>(new ToyWorld);
                         }));

}  // namespace
}  // namespace holdfast::conformance
