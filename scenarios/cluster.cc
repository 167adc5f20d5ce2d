#include "scenarios/cluster.h"

#include <algorithm>
#include <utility>

#include "protocol/events.h"

#include "storage/durable_store.h"

#include "scenarios/eager_disk.h"

namespace holdfast::scenarios {
namespace {

constexpr const char* kDirectory = "/log";

properties::Members members_of(const sim::WorldOptions& options, const ClusterOptions& cluster) {
  properties::Members members;
  for (int i = 0; i < options.nodes; ++i) {
    members.ids.push_back(sim::node_at(static_cast<unsigned>(i)));
  }
  members.quorum = static_cast<std::size_t>(options.quorum);
  members.key_positions = static_cast<std::uint64_t>(cluster.key_positions);
  return members;
}

}  // namespace

// One life of a member: the node and the application on it.
class Cluster::Member final : public Process {
 public:
  Member(Cluster& cluster, NodeId id, const Ports& ports, leveldb::Env& env)
      : cluster_(cluster),
        id_(id),
        eager_disk_(ports.disk),
        node_(cluster.options_of(id),
              Ports{ports.clock,
                    ports.network,
                    cluster.options_.canary != 0 ? eager_disk_ : ports.disk,
                    ports.random,
                    ports.tracer},
              cluster.make_store(id, ports.disk, env),
              {.ready = nullptr,
               .stopped = [this](const StoreError&) { cluster_.world_->end_process(id_); }},
              &cluster.stacks_),
        application_(node_, ports, cluster.notebook_, cluster.application_settings_) {
    cluster_.machine(id_).member = this;
  }

  ~Member() override { cluster_.machine(id_).member = nullptr; }

  void start() override { node_.start(); }

  void on_frame(const Frame& frame) override {
    node_.on_frame(frame);
    check_fibers();
  }

  void on_alarm() override {
    node_.on_alarm();
    check_fibers();
  }

  void on_disconnect(NodeId member) override {
    node_.on_disconnect(member);
    check_fibers();
  }

  Node& node() { return node_; }

  Application& application() { return application_; }

 private:
  // What a member may have, however much it misses: more is a round of catch-up without its bound
  // (docs/bugs.md, 15).
  void check_fibers() {
    constexpr std::size_t kOwn = 8;
    const NodeOptions& options = node_.options();
    // Those that catch up: the node itself, by several ways, and whatever operations it runs.
    const std::size_t callers = kOwn + application_.running();
    const std::size_t each = 1 + options.fetches_in_flight + options.fills_in_flight;
    const std::size_t fibers = node_.scheduler().fibers();
    HOLDFAST_CHECK(fibers <= options.reads_in_flight_max + callers * each, fibers, id_);
  }

  Cluster& cluster_;
  NodeId id_;
  EagerDisk eager_disk_;
  Node node_;
  Application application_;
};

Cluster::Cluster(const sim::WorldOptions& world_options,
                 const ClusterOptions& options,
                 StackPool& stacks,
                 sim::Observer* watcher)
    : options_(options),
      nodes_(static_cast<int>(world_options.nodes)),
      quorum_(static_cast<int>(world_options.quorum)),
      seed_(world_options.seed),
      stacks_(stacks),
      watcher_(watcher),
      application_settings_{.entry_bytes_max = static_cast<std::size_t>(
                                std::max<std::int64_t>(options.entry_bytes_max, 24)),
                            .patience = options.election_deadline,
                            .careless = options.careless_clients != 0},
      panel_(members_of(world_options, options),
             world_options.profile == sim::Profile::kBeyond ? properties::Profile::kBeyond
                                                            : properties::Profile::kBudget),
      machines_(static_cast<std::size_t>(nodes_)) {
  HOLDFAST_REQUIRE(validate(options).empty(), validate(options));
  if (auto* steady = panel_.steady()) {
    steady->allow({.elections_max = static_cast<std::uint64_t>(options.elections_max),
                   .leaderless_ns_max = options.leaderless_max.ns()});
  }
  sim::Cast& cast = *this;
  sim::Observer& observer = *this;
  world_ = std::make_unique<sim::World>(world_options, cast, observer);
  for (int i = 0; i < nodes_ && options_.auto_initialise == 0; ++i)
    initialise(sim::node_at(static_cast<unsigned>(i)));
  world_->boot_all();
}

Cluster::~Cluster() = default;

NodeOptions Cluster::options_of(NodeId id) {
  NodeOptions options = member_options(options_, nodes_, id);
  options.mesos_compat.disks_lost = machine(id).disks_lost;
  return options;
}

std::shared_ptr<ReplicaStore> Cluster::make_store(NodeId id, Disk& disk, leveldb::Env& env) {
  if (options_.store == StoreKind::kMemory) {
    return std::make_shared<storage::MemoryStore>(machine(id).image);
  }
  const storage::LevelDbOptions settings{
      .database = {.write_buffer_bytes = static_cast<std::size_t>(options_.write_buffer_bytes)}};
  if (options_.directory_sync == 0) {
    return std::make_shared<storage::LevelDbStore>(env, kDirectory, settings);
  }
  return storage::make_durable_store(
      env,
      [&disk](const std::string& path) { return disk.sync_directory(path); },
      kDirectory,
      settings);
}

// What an operator does once, before the member ever runs.
void Cluster::initialise(NodeId id) {
  sim::SimDisk& disk = world_->disk(id);
  const auto store = make_store(id, disk, disk.env());
  const auto opened = store->open();
  HOLDFAST_CHECK(opened.has_value(), opened ? std::string() : opened.error().text);
  const auto written =
      store->write(initial_batch(options_of(id), Position{options_.first_position}));
  HOLDFAST_CHECK(written.has_value(), written ? std::string() : written.error().text);
  voting_ = voting_ | sim::NodeSet::of(id);
}

// --- the cast

std::unique_ptr<Process> Cluster::boot(NodeId id, const Ports& ports, leveldb::Env& env) {
  machine(id).catching_up = false;
  ++machine(id).life;
  return std::make_unique<Member>(*this, id, ports, env);
}

void Cluster::power_failed(NodeId id) {
  machine(id).image.power_fail(mix(seed_, ++power_failures_));
}

void Cluster::wiped(NodeId id) {
  machine(id).image.wipe();
  ++machine(id).disks_lost;
  voting_ = voting_ - sim::NodeSet::of(id);
}

std::vector<NodeId> Cluster::with_role(sim::Role role) {
  std::vector<NodeId> ids;
  for (int i = 0; i < nodes_; ++i) {
    const NodeId id = sim::node_at(static_cast<unsigned>(i));
    Node* member = node(id);
    if (member == nullptr || !member->is_ready()) continue;
    bool plays = false;
    switch (role) {
      case sim::Role::kCoordinator:
        plays = member->coordinating();
        break;
      case sim::Role::kCatchingUp:
        plays = machine(id).catching_up;
        break;
      case sim::Role::kVoting:
        plays = member->image().metadata().status == Status::kVoting;
        break;
      case sim::Role::kRecovering:
        plays = member->image().metadata().status != Status::kVoting;
        break;
    }
    if (plays) ids.push_back(id);
  }
  return ids;
}

// It takes a quorum of others that vote to bring a member back.
bool Cluster::may_wipe(NodeId id) {
  return (voting_ - sim::NodeSet::of(id)).size() >= quorum_;
}

void Cluster::note_status(NodeId id, std::uint64_t status) {
  const sim::NodeSet self = sim::NodeSet::of(id);
  const bool votes = static_cast<Status>(status) == Status::kVoting;
  voting_ = votes ? voting_ | self : voting_ - self;
}

// --- operations

Node* Cluster::node(NodeId id) {
  Member* member = machine(id).member;
  return member == nullptr ? nullptr : &member->node();
}

void Cluster::schedule(std::span<const Operation> operations) {
  for (const Operation& operation : operations) {
    if (operation.node.value < 1 || operation.node.value > nodes_) continue;
    world_->at(Instant() + operation.at, [this, operation] { perform(operation); });
  }
}

// Where members elect by themselves, a client asks the one it finds for the coordinator.
NodeId Cluster::redirect(const Operation& operation) {
  if (options_.elector == 0 ||
      (operation.kind != OperationKind::kAppend && operation.kind != OperationKind::kTruncate)) {
    return operation.node;
  }
  const Node* asked = node(operation.node);
  if (asked == nullptr) return operation.node;
  return asked->coordinator().value_or(operation.node);
}

void Cluster::perform(const Operation& operation) {
  with_application(redirect(operation),
                   [&](Application& application) { application.perform(operation); });
}

void Cluster::with_application(NodeId id, const std::function<void(Application&)>& action) {
  if (machine(id).member == nullptr || !world_->up(id) || world_->paused(id)) return;
  world_->step(id, [&] {
    Member& member = *machine(id).member;
    member.node().act([&] { action(member.application()); });
  });
}

// --- what is seen

void Cluster::on_event(const sim::TraceEvent& event) {
  if (event.kind == EventKind::kCatchingUp) machine(event.node).catching_up = true;
  if (event.kind == EventKind::kCaughtUp) machine(event.node).catching_up = false;
  if (event.kind == EventKind::kStopped) note_disk_faults(event.node);
  if (event.kind == EventKind::kStatus || event.kind == EventKind::kRestored) {
    note_status(event.node, *event.words.begin());
  }
  if (watcher_ != nullptr) watcher_->on_event(event);
  panel_.on_event({.seq = event.sequence,
                   .time_ns = event.at.ns(),
                   .node = event.node,
                   .kind = event.kind,
                   .words = {event.words.begin(), event.words.end()},
                   .bytes = event.bytes});
}

// An error the disk drew by itself is as much a storage fault as one that was scheduled.
void Cluster::note_disk_faults(NodeId id) {
  const sim::DiskFaultCounts& faults = world_->disk(id).faults();
  using sim::DiskFault;
  for (const DiskFault fault : {DiskFault::kOpenError,
                                DiskFault::kReadError,
                                DiskFault::kAppendError,
                                DiskFault::kSyncError,
                                DiskFault::kDirectoryError,
                                DiskFault::kFull,
                                DiskFault::kBitFlip,
                                DiskFault::kStaleCopy,
                                DiskFault::kDataSectors,
                                DiskFault::kDataStretched}) {
    if (faults.of(fault) == 0) continue;
    panel_.on_storage_fault(id);
    return;
  }
}

void Cluster::on_point(NodeId id, Point point) {
  ++points_[static_cast<std::size_t>(point)];
  if (watcher_ != nullptr) watcher_->on_point(id, point);
}

void Cluster::on_life(const sim::LifeNote& note) {
  if (watcher_ != nullptr) watcher_->on_life(note);
  switch (note.moment) {
    case sim::LifeMoment::kBooted:
      panel_.on_boot(note.node);
      return;
    case sim::LifeMoment::kPowerLost:
    case sim::LifeMoment::kKilled:
    case sim::LifeMoment::kStopped:
      panel_.on_crash(note.node);
      return;
    case sim::LifeMoment::kWiped:
      panel_.on_wipe(note.node);
      return;
    case sim::LifeMoment::kResumed:
    case sim::LifeMoment::kPaused:
      return;
  }
}

void Cluster::on_fault(const sim::FaultNote& note) {
  if (watcher_ != nullptr) watcher_->on_fault(note);
  if (note.fault.kind != sim::FaultKind::kPhase || note.moment != sim::FaultMoment::kBegan) return;
  // A phase is a set of held links and one operation.
  const Operation operation = phase_operation(nodes_, note.fault.arg);
  world_->at(note.at, [this, operation] { perform(operation); });
}

void Cluster::on_heal(Instant at, sim::NodeSet core) {
  if (watcher_ != nullptr) watcher_->on_heal(at, core);
  panel_.on_heal(ids_of(core));
}

bool Cluster::wants_frames() const {
  return watcher_ != nullptr && watcher_->wants_frames();
}

void Cluster::on_frame(const sim::FrameNote& note) {
  watcher_->on_frame(note);
}

std::vector<NodeId> Cluster::ids_of(sim::NodeSet set) const {
  std::vector<NodeId> ids;
  for (int i = 0; i < nodes_; ++i) {
    const NodeId id = sim::node_at(static_cast<unsigned>(i));
    if (set.contains(id)) ids.push_back(id);
  }
  return ids;
}

}  // namespace holdfast::scenarios
