#pragma once

// For tests only: members on toy ports, one thread, virtual time.  A script may drop, hold, double
// and release single messages, and hold back disks.  Everything else is delivered after a
// millisecond, in the order in which it was sent.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/env/hash.h"

#include "protocol/codec/codec.h"
#include "protocol/events.h"
#include "protocol/node.h"
#include "protocol/points.h"
#include "protocol/test_store.h"

namespace holdfast::test {

class ToyClock final : public Clock {
 public:
  explicit ToyClock(const Instant& time) : time_(time) {}

  Instant now() const override { return time_; }

  void set_alarm(Instant at) override { alarm = at; }

  Instant alarm = Instant::never();

 private:
  const Instant& time_;
};

class ToyRandom final : public Random {
 public:
  explicit ToyRandom(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t draw(RandomStream stream) override {
    return mix(mix(seed_, static_cast<std::uint64_t>(stream)), ++draws_[stream]);
  }

 private:
  std::uint64_t seed_;
  std::map<RandomStream, std::uint64_t> draws_;
};

struct Said {
  NodeId node;
  EventKind kind;
  std::vector<std::uint64_t> words;
};

// What all members said, and the one judge a test of the protocol cannot do without: no two of them
// learn different values of one position (a tombstone stands for any).
class ToyTrace {
 public:
  std::vector<Said> said;
  std::map<Point, int> reached;
  std::vector<std::string> disagreements;

  void take(NodeId node, EventKind kind, std::initializer_list<std::uint64_t> words) {
    said.push_back({node, kind, words});
    const auto& now = said.back().words;
    if (kind == EventKind::kLearned && (now[1] & 2) == 0) settle(now[0], now[2]);
    if (kind == EventKind::kChosen) settle(now[0], now[3]);
  }

  int count(NodeId node, EventKind kind) const {
    int n = 0;
    for (const Said& s : said)
      n += s.node == node && s.kind == kind;
    return n;
  }

 private:
  void settle(std::uint64_t position, std::uint64_t digest) {
    const auto [it, fresh] = decided_.emplace(position, digest);
    if (!fresh && it->second != digest) {
      disagreements.push_back("two values at position " + std::to_string(position));
    }
  }

  std::map<std::uint64_t, std::uint64_t> decided_;
};

class ToyTracer final : public Tracer {
 public:
  ToyTracer(ToyTrace& trace, NodeId node) : trace_(trace), node_(node) {}

  void record(EventKind kind,
              std::initializer_list<std::uint64_t> words,
              std::string_view) override {
    trace_.take(node_, kind, words);
  }

  void reach(Point point) override { ++trace_.reached[point]; }

 private:
  ToyTrace& trace_;
  NodeId node_;
};

// Both lanes in order; `delay` is asked to run the front job of a lane later.
class ToyDisk final : public Disk {
 public:
  explicit ToyDisk(std::function<void(Lane)> delay) : delay_(std::move(delay)) {}

  void submit(Lane lane, Job job, Done done) override {
    lanes_[lane].push_back({std::move(job), std::move(done)});
    if (!held) delay_(lane);
  }

  bool sync_directory(const std::string&) override { return true; }

  std::size_t waiting(Lane lane) { return lanes_[lane].size(); }

  // Ends the front job; a step of the node.
  void complete(Lane lane) {
    if (lanes_[lane].empty()) return;
    auto [job, done] = std::move(lanes_[lane].front());
    lanes_[lane].pop_front();
    job();
    done();
  }

  // Runs the front job; its end is heard of later.
  void run(Lane lane) {
    Job& job = lanes_[lane].at(0).first;
    job();
    job = [] {};
  }

  void crash() { lanes_.clear(); }

  bool held = false;

 private:
  std::function<void(Lane)> delay_;
  std::map<Lane, std::deque<std::pair<Job, Done>>> lanes_;
};

struct Mail {
  NodeId from;
  NodeId to;
  Envelope envelope;
  Frame frame;

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&envelope.body);
  }
};

enum class Fate : std::uint8_t { kDeliver, kDrop, kHold, kTwice };

using Rule = std::function<Fate(const Mail&)>;

// Drops the messages for which `which` holds.
inline Rule drop(std::function<bool(const Mail&)> which) {
  return
      [which = std::move(which)](const Mail& m) { return which(m) ? Fate::kDrop : Fate::kDeliver; };
}

inline Rule hold(std::function<bool(const Mail&)> which) {
  return
      [which = std::move(which)](const Mail& m) { return which(m) ? Fate::kHold : Fate::kDeliver; };
}

inline bool writes(const Mail& m, std::uint64_t position) {
  const auto* request = m.as<WriteRequest>();
  return request && request->position.value == position;
}

inline Payload text(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

// The result of an operation that runs in a fiber, once it ended.
template <typename T>
using Later = std::shared_ptr<std::optional<T>>;

struct ClusterOptions {
  std::uint8_t members = 3;
  std::size_t window = 8;
  // The log starts here; every position below counts as truncated.
  Position first;
  // Members left EMPTY.
  std::vector<std::uint8_t> empty;
  std::uint64_t seed = 1;
  std::function<void(NodeOptions&)> change = [](NodeOptions&) {};
  // Makes the store of a member's next life, over a directory that somebody else filled.  Without
  // it members keep their records in toy images, initialised.
  std::function<std::shared_ptr<ReplicaStore>(NodeId)> store{};
};

class Cluster {
 public:
  static constexpr Duration kLatency = Duration::milliseconds(1);

  explicit Cluster(ClusterOptions options = {}) : options_(std::move(options)) {
    std::vector<NodeId> ids;
    for (std::uint8_t id = 1; id <= options_.members; ++id)
      ids.push_back(NodeId{id});
    for (const NodeId id : ids) {
      auto member = std::make_unique<Member>(*this, id);
      member->options.self = id;
      member->options.membership = Membership(ids);
      member->options.window = options_.window;
      options_.change(member->options);
      bool empty = false;
      for (const std::uint8_t e : options_.empty)
        empty = empty || e == id.value;
      if (!empty && !options_.store)
        ToyStore(member->image).seed(initial_batch(member->options, options_.first));
      members_.push_back(std::move(member));
    }
    for (const NodeId id : ids)
      boot(id.value);
    run_for(Duration::milliseconds(5));
  }

  ~Cluster() {
    for (auto& member : members_)
      member->node.reset();
  }

  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  struct Member {
    Member(Cluster& cluster, NodeId self)
        : id(self),
          clock(cluster.time_),
          tracer(cluster.trace, self),
          disk([&cluster, self](Lane lane) { cluster.disk_later(self, lane); }),
          network(cluster, self) {}

    class Port final : public Network {
     public:
      Port(Cluster& cluster, NodeId self) : cluster_(cluster), self_(self) {}

      void send(NodeId to, Frame frame) override { cluster_.post(self_, to, std::move(frame)); }

     private:
      Cluster& cluster_;
      NodeId self_;
    };

    NodeId id;
    NodeOptions options;
    ToyImage image;
    ToyClock clock;
    ToyTracer tracer;
    ToyDisk disk;
    Port network;
    std::unique_ptr<ToyRandom> random;
    std::unique_ptr<Node> node;
    std::optional<Log::Writer> writer;
    std::optional<StoreError> stopped;
    std::uint64_t lives = 0;
  };

  Member& member(std::uint8_t id) { return *members_.at(id - 1u); }

  Node& node(std::uint8_t id) { return *member(id).node; }

  const LogImage& image(std::uint8_t id) { return node(id).image(); }

  bool up(std::uint8_t id) { return member(id).node != nullptr; }

  // --- lives

  void boot(std::uint8_t id) {
    Member& m = member(id);
    m.stopped.reset();
    ++m.lives;
    m.random = std::make_unique<ToyRandom>(mix(mix(options_.seed, id), m.lives));
    const Ports ports{m.clock, m.network, m.disk, *m.random, m.tracer};
    m.node = std::make_unique<Node>(
        m.options,
        ports,
        options_.store ? options_.store(m.id) : std::make_shared<ToyStore>(m.image),
        Node::Callbacks{.ready = [&m] { m.writer.emplace(m.node->log().writer()); },
                        .stopped = [&m](const StoreError& error) { m.stopped = error; }});
    m.node->start();
  }

  // What was not yet on the disk is lost.
  void crash(std::uint8_t id) {
    Member& m = member(id);
    m.disk.crash();
    m.writer.reset();
    m.node.reset();
    m.clock.alarm = Instant::never();
  }

  void restart(std::uint8_t id) {
    crash(id);
    boot(id);
    run_for(Duration::milliseconds(5));
  }

  // Its disk is lost, and it boots with an empty one.
  void wipe(std::uint8_t id) {
    crash(id);
    member(id).image = ToyImage();
    boot(id);
  }

  // --- time

  Instant now() const { return time_; }

  // The next thing that is due, at most at `limit`.
  bool step(Instant limit = Instant::never()) {
    Member* ringing = nullptr;
    for (auto& m : members_) {
      if (!m->node || m->clock.alarm == Instant::never()) continue;
      if (!ringing || m->clock.alarm < ringing->clock.alarm) ringing = m.get();
    }
    const Instant event = events_.empty() ? Instant::never() : events_.begin()->first.first;
    const bool alarm = ringing && std::max(time_, ringing->clock.alarm) < event;
    const Instant next = alarm ? std::max(time_, ringing->clock.alarm) : event;
    if (next == Instant::never() || next > limit) return false;
    time_ = std::max(time_, next);
    if (alarm) {
      ringing->clock.alarm = Instant::never();
      ringing->node->on_alarm();
      return true;
    }
    const auto run = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    run();
    return true;
  }

  void run_for(Duration d) {
    const Instant limit = time_ + d;
    while (step(limit)) {
    }
    time_ = limit;
  }

  template <typename Done>
  bool run_until(Done done, Duration patience = Duration::seconds(60)) {
    const Instant limit = time_ + patience;
    while (!done()) {
      if (!step(limit)) return done();
    }
    return true;
  }

  void at(Duration later, std::function<void()> run) {
    events_.emplace(std::pair(time_ + later, ++sequence_), std::move(run));
  }

  // --- messages

  // Decides over every message sent from now on.
  Rule rule;
  std::deque<Mail> held;

  // Delivers what was held and matches, in the order of sending.
  void release(const Rule& which = {}) {
    std::deque<Mail> keep;
    for (Mail& mail : held) {
      if (which && which(mail) != Fate::kDeliver) {
        keep.push_back(std::move(mail));
      } else {
        deliver(mail.to, mail.frame);
      }
    }
    held = std::move(keep);
  }

  void deliver(NodeId to, Frame frame, Duration latency = kLatency) {
    at(latency, [this, to, frame = std::move(frame)] {
      Member& m = member(to.value);
      if (m.node) m.node->on_frame(frame);
    });
  }

  // Cuts `id` off from everybody, both ways.
  static Rule isolate(std::uint8_t id) {
    return [id](const Mail& m) {
      return m.from.value == id || m.to.value == id ? Fate::kDrop : Fate::kDeliver;
    };
  }

  // --- disks

  void hold_disk(std::uint8_t id) { member(id).disk.held = true; }

  void free_disk(std::uint8_t id) {
    Member& m = member(id);
    m.disk.held = false;
    for (const Lane lane : {Lane::kCommit, Lane::kBulk}) {
      for (std::size_t i = m.disk.waiting(lane); i > 0; --i)
        disk_later(m.id, lane);
    }
  }

  // --- operations

  // Runs `body(node)` in a fiber of the member, in a step of its own.
  template <typename Body>
  auto spawn(std::uint8_t id, Body body) {
    Node& n = node(id);
    using Result = decltype(body(n));
    Later<Result> later = std::make_shared<std::optional<Result>>();
    n.scheduler().spawn([later, body = std::move(body), &n]() mutable { *later = body(n); });
    n.on_alarm();
    return later;
  }

  template <typename T>
  T wait(const Later<T>& later) {
    const bool done = run_until([&] { return later->has_value(); });
    HOLDFAST_REQUIRE(done, "the operation did not end");
    return **later;
  }

  Later<ElectResult> start_elect(std::uint8_t id) {
    return spawn(id, [this, id](Node&) { return member(id).writer->start(); });
  }

  ElectResult elect(std::uint8_t id) { return wait(start_elect(id)); }

  Later<WriteResult> start_append(std::uint8_t id, std::string bytes) {
    return spawn(id, [this, id, bytes = std::move(bytes)](Node&) {
      return member(id).writer->append(text(bytes), {});
    });
  }

  WriteResult append(std::uint8_t id, std::string bytes) {
    return wait(start_append(id, std::move(bytes)));
  }

  WriteResult truncate(std::uint8_t id, Position to) {
    return wait(spawn(id, [this, id, to](Node&) { return member(id).writer->truncate(to); }));
  }

  ReadResult<std::vector<Entry>> read(std::uint8_t id, std::uint64_t from, std::uint64_t to) {
    return wait(spawn(
        id, [from, to](Node& n) { return n.log().reader().read(Position{from}, Position{to}); }));
  }

  ReadResult<std::optional<Position>> catchup(std::uint8_t id,
                                              Duration patience = Duration::seconds(10)) {
    return wait(spawn(id, [patience](Node& n) { return n.log().reader().catchup(patience); }));
  }

  // The texts of [from, to] as member `id` reads them; the error's text if it cannot.
  std::vector<std::string> texts(std::uint8_t id, std::uint64_t from, std::uint64_t to) {
    const auto entries = read(id, from, to);
    if (!entries) return {entries.error().text()};
    std::vector<std::string> all;
    for (const Entry& entry : *entries)
      all.push_back(*entry.bytes);
    return all;
  }

  bool reached(Point point) const { return trace.reached.count(point) > 0; }

  ToyTrace trace;

 private:
  void post(NodeId from, NodeId to, Frame frame) {
    auto envelope = codec_.decode(*frame);
    HOLDFAST_CHECK(envelope.has_value());
    Mail mail{from, to, std::move(*envelope), std::move(frame)};
    switch (rule ? rule(mail) : Fate::kDeliver) {
      case Fate::kDrop:
        return;
      case Fate::kHold:
        held.push_back(std::move(mail));
        return;
      case Fate::kTwice:
        deliver(to, mail.frame, kLatency * 3);
        [[fallthrough]];
      case Fate::kDeliver:
        deliver(to, std::move(mail.frame));
        return;
    }
  }

  void disk_later(NodeId id, Lane lane) {
    Member& m = member(id.value);
    at(kLatency, [&m, lane, life = m.lives] {
      if (m.node && m.lives == life && !m.disk.held) m.disk.complete(lane);
    });
  }

  ClusterOptions options_;
  Instant time_ = Instant::at(1'000'000'000);
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t sequence_ = 0;
  Codec codec_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace holdfast::test
