#pragma once

// A world in one thread: machines, the links between them, virtual time, and whatever goes wrong.
//
// Nothing happens but events, taken from one queue in the order of their time: a frame arrives, an
// alarm rings, a disk job ends, a machine boots, a fault begins or ends, a scenario acts.  Each
// runs at most one step of one process; what the step asked for leaves when it returns.  A world is
// a function of its options, its faults, its cast and the actions a scenario adds: the same again
// gives the same fingerprint.  Time nobody uses costs nothing.
//
// Node ids are 1 to options.nodes.  Instants below are the world's; a node reads its own clock.

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "protocol/env/check.h"
#include "protocol/env/network.h"
#include "protocol/env/node_id.h"
#include "protocol/env/time.h"

#include "sim/cast.h"
#include "sim/event_queue.h"
#include "sim/event_record.h"
#include "sim/fault_budget.h"
#include "sim/faults.h"
#include "sim/fingerprint.h"
#include "sim/observer.h"
#include "sim/options.h"
#include "sim/sim_disk.h"
#include "sim/sim_network.h"
#include "sim/sim_node.h"
#include "sim/topology.h"
#include "sim/world_counters.h"

namespace holdfast::sim {

class Unaccounted;

// Why a run function returned.
enum class RunEnd : std::uint8_t {
  kReached,  // the time, the condition or the number of events asked for
  kQuiet,    // nothing is left that could happen
  kBudget,   // the condition did not hold within the events allowed
  kStopped,  // somebody called stop()
};

class World final : private DiskHost {
 public:
  using Action = std::function<void()>;

  // Nobody lives yet.  `cast` and `observer` must outlive the world.
  // Requires: validate(options) found nothing.
  World(const WorldOptions& options, Cast& cast, Observer& observer);
  ~World() override;

  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // --- What will happen.

  // Each fault fires at its time, if that is still to come.  Requires: each is valid here.
  void schedule(std::span<const Fault> faults);

  // Runs `action` between two steps.  Requires: `at` is not in the past.
  void at(Instant at, Action action);

  // Runs `action` as a step of the process on `node`, as an application living there would; later
  // if the node is paused then, not at all if it is down.
  void at(Instant at, NodeId node, Action action);

  // --- What happens now, between two steps.

  // Requires: the node is down.
  void boot(NodeId node);
  void boot_all();

  // Requires: the node is up.
  void crash(NodeId node, const CrashChoice& choice);

  // A step of the process on `node`.  Requires: it is up and not paused.
  void step(NodeId node, const Action& action);

  // --- For scripts that tell a story frame by frame; nothing else sets a courier.

  // How long a frame travels, or nothing: it stays where it is, and whoever kept a copy may
  // transmit() that later.
  using Courier = std::function<std::optional<Duration>(NodeId from, NodeId to, const Frame&)>;

  // From now on every frame is handed to `courier` as it is sent, instead of having its fate drawn.
  // Frames that arrive at the same instant arrive in the order they were sent.
  void set_courier(Courier courier) { courier_ = std::move(courier); }

  // A frame sets out now, unseen by the courier.
  void transmit(NodeId from, NodeId to, Frame frame, Duration travel);

  // --- From within a step or an observer.

  // The process on `node` ends when its step is over, the machine stays; it starts again after a
  // drawn while (options.restart_min to restart_max).
  void end_process(NodeId node) { ending_ = ending_ | NodeSet::of(node); }

  // The run function returns after this event.
  void stop() { stopped_ = true; }

  // --- Running.

  // Everything up to and including `until`; then it is `until`.
  RunEnd run_until(Instant until);

  // Until `done` holds after an event, for at most so many events.
  RunEnd run_until(const std::function<bool()>& done, std::uint64_t events_max);

  RunEnd run_events(std::uint64_t count);

  // The liveness phase: no fault begins or ends any more, for ever.  Among `core` links are whole
  // and swift, nodes boot or resume, clocks run true, disks work.  Everything else stays as it is:
  // down, cut, frozen, slow or paused.
  void heal(NodeSet core);

  // --- What one may know.

  Instant now() const { return context_.now; }

  const WorldOptions& options() const { return options_; }

  std::uint64_t fingerprint() const { return fingerprint_.value(); }

  // The network's and the nodes' figures are up to date.
  WorldCounters counters() const;

  std::uint64_t events() const { return events_; }

  bool up(NodeId node) const { return node_of(node).up(); }

  bool paused(NodeId node) const { return machine_of(node).pauses > 0; }

  // What the node's clock shows.
  Instant local_time(NodeId node) const { return node_of(node).clock().read(now()); }

  SimDisk& disk(NodeId node) { return node_of(node).disk(); }

  // The last events, oldest first; at most kRecentEvents.
  std::vector<EventRecord> recent_events() const;
  static constexpr std::size_t kRecentEvents = 256;

  // From now on `sink` (nobody, if null) sees every event.
  void set_event_sink(EventSink* sink) { sink_ = sink; }

  // From now on fingerprint(), digests of disks and recent_events() stay as they are.  For
  // benchmarks only: sim/unaccounted_bench.h.  Requires: nobody set an event sink.
  void keep_no_account(const Unaccounted& key);

 private:
  struct Event {
    Frame frame;
    std::uint64_t word = 0;
    std::uint32_t life = 0;
    WorldEventKind kind = WorldEventKind::kAction;
    std::uint8_t node = 0;
    std::uint8_t from = 0;
    bool damaged = false;
  };

  // What a slow node asked for, under the number of the event that will carry it out.
  struct Departure {
    std::uint64_t number;
    Requests requests;
  };

  // What the world knows of a machine besides the machine itself.
  struct Machine {
    std::unique_ptr<SimNode> node;
    // When the alarm event that counts comes, and its number; never: there is none.
    Instant alarm_event_at = Instant::never();
    std::uint32_t alarm_event = 0;
    // The node's alarm as of the last look.
    Instant alarm_seen = Instant::never();
    std::uint32_t pauses = 0;
    // Came while the node was paused, in order.
    std::vector<Event> parked;
    Duration lag;
    // No request of a slow node overtakes an earlier one.
    Instant last_departure;
    std::deque<Departure> departing;
    std::uint64_t departures = 0;
    // A crash that waits for the node's steps.
    std::size_t armed_fault = kNone;
    std::int64_t armed_steps = 0;
    // The number of the boot that is to come.
    std::uint64_t boots_planned = 0;
    // What the faults that act now add up to.
    std::int64_t drift_base_ppm = 0;
    std::int64_t drift_more_ppm = 0;
    std::array<std::int64_t, kDiskOperationCount> disk_errors_ppm{};
    std::int64_t disks_full = 0;
    std::int64_t disk_stalls = 0;
    std::int64_t disk_slows = 0;
  };

  // A derived fault is part of another one, and neither counted nor shown by itself.
  enum class FaultOrigin : std::uint8_t { kPlanned, kDerived };

  struct ScheduledFault {
    Fault fault;
    FaultOrigin origin = FaultOrigin::kPlanned;
    // Once it fired:
    NodeId node;
    LinkSet links;
    std::uint32_t life = 0;
    std::unique_ptr<FileSystemImage> image;
  };

  static constexpr std::size_t kNone = ~std::size_t{0};

  // DiskHost.
  void disk_wakeup(NodeId node, std::uint64_t ticket, Duration after) override;

  SimNode& node_of(NodeId node) { return *machine_of(node).node; }

  const SimNode& node_of(NodeId node) const { return *machine_of(node).node; }

  Machine& machine_of(NodeId node) { return machines_[index_of(node)]; }

  const Machine& machine_of(NodeId node) const { return machines_[index_of(node)]; }

  bool exists(NodeId node) const { return node.value >= 1 && node.value <= machines_.size(); }

  // world.cc: the loop and the steps.
  RunEnd run_while(const std::function<bool()>& go_on);
  void run_one();
  void rekey();
  bool happen(Event& event);
  bool deliver(Event& event);
  bool ring(const Event& event);
  bool finish_job(const Event& event);
  bool depart(const Event& event);
  bool act(const Event& event);
  bool act_on_node(Event& event);
  bool disconnect(Event& event);
  void plan_disconnect(NodeId from, NodeId to, std::uint64_t key);
  void open_event(const Event& event, std::uint64_t content);
  void close_event();
  void push(Instant at, std::uint64_t tie_draw, Event event);
  std::uint64_t tie(WorldEventKind kind, NodeId node, std::uint64_t number) const;
  template <typename Call>
  void run_step(Machine& machine, Call&& call);
  void finish_step(Machine& machine);
  void account(std::uint64_t word);
  void account(const Requests& requests);
  void carry_out(Machine& machine, Requests& requests);
  void delay_requests(Machine& machine);
  void change_lag(Machine& machine, Duration lag);
  void send(NodeId from, Requests::Send& send);
  void note_frame(FrameMoment moment, NodeId from, NodeId to, const Frame& frame);
  void schedule_alarm(Machine& machine);
  void push_released(std::vector<SimNetwork::Released> released);
  Action take_action(std::size_t number);

  // world_lives.cc: machines boot, pause and die.
  void note_life(LifeMoment moment, NodeId node);
  void take_down(Machine& machine, const CrashChoice& choice);
  void end_processes();
  void plan_boot(Machine& machine, Duration after);
  bool boot_as_planned(const Event& event);
  void pause(Machine& machine);
  void resume(Machine& machine);
  void heal_node(Machine& machine);

  // world_faults.cc: what goes wrong.
  void schedule_one(const Fault& fault, FaultOrigin origin);
  bool begin_fault(const Event& event);
  bool end_fault(const Event& event);
  NodeId resolve(const Fault& fault);
  bool can_suffer(const Fault& fault, NodeId node);
  bool affordable(const Fault& fault, NodeId node);
  bool dispensable(const Fault& fault, NodeId node);
  LinkSet links_of(const Fault& fault, NodeId node) const;
  void begin(std::size_t number);
  void begin_on_links(const ScheduledFault& scheduled);
  void end_on_links(const ScheduledFault& scheduled);
  void begin_on_node(ScheduledFault& scheduled);
  void end_on_node(ScheduledFault& scheduled);
  void begin_on_disk(const ScheduledFault& scheduled);
  void end_on_disk(const ScheduledFault& scheduled);
  void restore_stale_copy(const ScheduledFault& scheduled);
  void change_disk_errors(const ScheduledFault& scheduled, std::int64_t more_ppm);
  void begin_swizzle(const Fault& fault);
  void begin_crash(std::size_t number);
  // Whether the fault that `machine` is armed with happens now, at another step of its.
  bool strikes(Machine& machine);
  void crash_by_fault(std::size_t number);
  void change_drift(Machine& machine, std::int64_t more_ppm);
  void note_fault(FaultMoment moment, const ScheduledFault& scheduled);

  WorldOptions options_;
  Cast& cast_;
  Observer& observer_;
  const bool wants_frames_;
  StepContext context_;
  SimNetwork network_;
  FaultBudget budget_;
  EventQueue<Event> queue_;
  std::vector<Machine> machines_;

  std::vector<std::unique_ptr<ScheduledFault>> faults_;
  bool faults_over_ = false;
  NodeSet core_;
  std::vector<Action> actions_;
  std::vector<std::size_t> free_actions_;
  std::uint64_t actions_added_ = 0;

  bool accounts_ = true;
  Fingerprint fingerprint_;
  std::uint64_t events_ = 0;
  WorldCounters counted_;
  EventRecord current_;
  std::vector<EventRecord> recent_;
  EventSink* sink_ = nullptr;
  Courier courier_;
  NodeSet ending_;
  bool stepping_ = false;
  bool stopped_ = false;
};

inline void World::account(std::uint64_t word) {
  if (accounts_) fingerprint_.fold(word);
}

template <typename Call>
void World::run_step(Machine& machine, Call&& call) {
  HOLDFAST_REQUIRE(!stepping_, machine.node->id());
  stepping_ = true;
  machine.node->begin_step();
  call();
  machine.node->end_step();
  stepping_ = false;
  ++counted_.steps;
  finish_step(machine);
}

}  // namespace holdfast::sim
