#include "sim/world.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "sim/keyed_random.h"

namespace holdfast::sim {
namespace {

// What a frame contributes to fingerprints.  A sealed frame begins with the checksum of the rest,
// so its first eight bytes stand for all of it.
std::uint64_t digest_of(const std::string& frame) {
  if (frame.size() < 8) return hash_bytes(frame);
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, frame.data(), sizeof checksum);
  return checksum + frame.size();
}

constexpr std::int64_t kDriftLowest = -500'000;
constexpr std::int64_t kDriftHighest = 1'000'000;

}  // namespace

World::World(const WorldOptions& options, Cast& cast, Observer& observer)
    : options_(options),
      cast_(cast),
      observer_(observer),
      wants_frames_(observer.wants_frames()),
      context_{observer, Instant()},
      network_(options.network, options.seed),
      budget_(options),
      recent_(kRecentEvents) {
  const std::string problem = validate(options);
  HOLDFAST_REQUIRE(problem.empty(), problem);
  machines_.resize(static_cast<std::size_t>(options.nodes));
  DiskHost& host = *this;
  const KeyedRandom drifts = KeyedRandom(options.seed).at("clock.drift");
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    const NodeId node = node_at(static_cast<unsigned>(i));
    Machine& machine = machines_[i];
    machine.node = std::make_unique<SimNode>(node, options_, host, context_);
    const std::int64_t most = options.clock.drift_max_ppm;
    machine.drift_base_ppm = uniform(drifts.draw(node.value), -most, most);
    change_drift(machine, 0);
  }
}

World::~World() {
  for (Machine& machine : machines_) {
    if (!machine.node->up()) continue;
    machine.node->disk().crash(CrashChoice{.commit = {}, .bulk = {}, .power = std::nullopt});
    machine.node->end_life();
  }
}

// --- What will happen.

std::uint64_t World::tie(WorldEventKind kind, NodeId node, std::uint64_t number) const {
  const std::uint64_t entity = static_cast<std::uint64_t>(kind) << 8 | node.value;
  return mix(options_.seed ^ entity << 40, number);
}

void World::push(Instant at, std::uint64_t tie_draw, Event event) {
  HOLDFAST_REQUIRE(at >= now(), at, now());
  queue_.push(at.ns(), static_cast<std::uint32_t>(tie_draw), std::move(event));
}

void World::at(Instant at, Action action) {
  this->at(at, NodeId{0}, std::move(action));
}

void World::at(Instant at, NodeId node, Action action) {
  HOLDFAST_REQUIRE(action != nullptr && (node == NodeId{0} || exists(node)), node);
  if (free_actions_.empty()) {
    free_actions_.push_back(actions_.size());
    actions_.emplace_back();
  }
  const std::size_t number = free_actions_.back();
  free_actions_.pop_back();
  actions_[number] = std::move(action);
  Event event;
  event.kind = node == NodeId{0} ? WorldEventKind::kAction : WorldEventKind::kNodeAction;
  event.word = number;
  event.node = node.value;
  const std::uint64_t draw = tie(event.kind, node, actions_added_++);
  push(at, draw, std::move(event));
}

World::Action World::take_action(std::size_t number) {
  Action action = std::move(actions_[number]);
  actions_[number] = nullptr;
  free_actions_.push_back(number);
  return action;
}

void World::disk_wakeup(NodeId node, std::uint64_t ticket, Duration after) {
  Event event;
  event.kind = WorldEventKind::kDisk;
  event.node = node.value;
  event.word = ticket;
  event.life = node_of(node).life();
  push(now() + after, tie(WorldEventKind::kDisk, node, ticket), std::move(event));
}

void World::push_released(std::vector<SimNetwork::Released> released) {
  for (SimNetwork::Released& each : released) {
    Event event;
    event.kind = WorldEventKind::kDelivery;
    event.node = each.to.value;
    event.from = each.from.value;
    event.frame = std::move(each.frame);
    // A held frame may be a damaged one; its first bytes do not tell.
    event.damaged = true;
    push(each.at, each.tie_break, std::move(event));
  }
}

// --- The loop.

RunEnd World::run_while(const std::function<bool()>& go_on) {
  stopped_ = false;
  while (go_on()) {
    if (queue_.empty()) return RunEnd::kQuiet;
    run_one();
    if (stopped_) return RunEnd::kStopped;
  }
  return RunEnd::kReached;
}

RunEnd World::run_until(Instant until) {
  HOLDFAST_REQUIRE(until >= now(), until, now());
  stopped_ = false;
  while (!queue_.empty() && queue_.next_time_ns() <= until.ns()) {
    run_one();
    if (stopped_) return RunEnd::kStopped;
  }
  context_.now = until;
  return queue_.empty() ? RunEnd::kQuiet : RunEnd::kReached;
}

RunEnd World::run_until(const std::function<bool()>& done, std::uint64_t events_max) {
  const std::uint64_t last = events_ + events_max;
  bool reached = false;
  const RunEnd end = run_while([&] {
    reached = done();
    return !reached && events_ < last;
  });
  return end == RunEnd::kReached && !reached ? RunEnd::kBudget : end;
}

RunEnd World::run_events(std::uint64_t count) {
  const std::uint64_t last = events_ + count;
  return run_while([&] { return events_ < last; });
}

// Chance begins anew; what is a property of a link or a clock stays.
void World::rekey() {
  options_.seed = options_.rekey_seed;
  options_.rekey_at = Duration();
  network_.rekey(options_.seed);
  for (Machine& machine : machines_)
    machine.node->rekey(options_.seed);
}

void World::run_one() {
  HOLDFAST_REQUIRE(!stepping_);
  context_.now = Instant::at(queue_.next_time_ns());
  const Duration rekey_at = options_.rekey_at;
  if (rekey_at != Duration() && context_.now >= Instant() + rekey_at) rekey();
  Event event = queue_.pop();
  if (happen(event)) close_event();
}

// False: the event was overtaken by others and means nothing any more.
bool World::happen(Event& event) {
  switch (event.kind) {
    case WorldEventKind::kDelivery:
      return deliver(event);
    case WorldEventKind::kAlarm:
      return ring(event);
    case WorldEventKind::kDisk:
      return finish_job(event);
    case WorldEventKind::kDeparture:
      return depart(event);
    case WorldEventKind::kBoot:
      return boot_as_planned(event);
    case WorldEventKind::kFaultBegins:
      return begin_fault(event);
    case WorldEventKind::kFaultEnds:
      return end_fault(event);
    case WorldEventKind::kAction:
      return act(event);
    case WorldEventKind::kNodeAction:
      return act_on_node(event);
    case WorldEventKind::kDisconnect:
      return disconnect(event);
  }
  HOLDFAST_UNREACHABLE("an event of no kind");
}

void World::open_event(const Event& event, std::uint64_t content) {
  current_ = {.index = events_++,
              .time_ns = now().ns(),
              .content = content,
              .fingerprint = 0,
              .life = event.life,
              .kind = event.kind,
              .node = event.node,
              .from = event.from};
  const auto entity = static_cast<std::uint64_t>(event.kind) << 16 | event.node << 8 | event.from;
  account(static_cast<std::uint64_t>(now().ns()) ^ entity << 40);
  account(content);
}

void World::close_event() {
  if (!accounts_) return;
  current_.fingerprint = fingerprint_.value();
  recent_[current_.index % kRecentEvents] = current_;
  if (sink_ != nullptr) sink_->on_world_event(current_);
}

void World::keep_no_account(const Unaccounted& key) {
  HOLDFAST_REQUIRE(sink_ == nullptr);
  accounts_ = false;
  for (Machine& machine : machines_)
    machine.node->disk().keep_no_account(key);
}

std::vector<EventRecord> World::recent_events() const {
  const std::uint64_t count = std::min<std::uint64_t>(events_, kRecentEvents);
  std::vector<EventRecord> records;
  records.reserve(count);
  for (std::uint64_t i = events_ - count; i < events_; ++i) {
    records.push_back(recent_[i % kRecentEvents]);
  }
  return records;
}

// --- Events of the loop.

bool World::deliver(Event& event) {
  const NodeId from{event.from};
  const NodeId to{event.node};
  Machine& machine = machine_of(to);
  if (machine.pauses > 0) {
    machine.parked.push_back(std::move(event));
    return false;
  }
  const Frame frame = event.frame;
  const std::uint64_t digest = event.damaged ? hash_bytes(*frame) : digest_of(*frame);
  const SimNetwork::Arrival arrival = network_.arrive(from, to, event.frame);
  const bool arrived = arrival == SimNetwork::Arrival::kDelivered;
  event.life = machine.node->life();
  open_event(event, arrived ? digest : ~digest);
  if (!arrived) {
    const bool held = arrival == SimNetwork::Arrival::kHeld;
    note_frame(held ? FrameMoment::kHeld : FrameMoment::kCut, from, to, frame);
  } else if (!machine.node->up()) {
    ++counted_.receiver_down;
    note_frame(FrameMoment::kReceiverDown, from, to, frame);
  } else {
    note_frame(FrameMoment::kDelivered, from, to, frame);
    run_step(machine, [&] { machine.node->process().on_frame(frame); });
  }
  return true;
}

bool World::ring(const Event& event) {
  Machine& machine = machine_of(NodeId{event.node});
  if (event.word != machine.alarm_event) return false;
  if (machine.pauses > 0) {
    machine.parked.push_back(event);
    return false;
  }
  machine.alarm_event_at = Instant::never();
  machine.alarm_seen = Instant::never();
  if (machine.node->alarm() > machine.node->clock().read(now())) {
    schedule_alarm(machine);
    return false;
  }
  open_event(event, static_cast<std::uint64_t>(machine.node->alarm().ns()));
  machine.node->clear_alarm();
  run_step(machine, [&] { machine.node->process().on_alarm(); });
  return true;
}

bool World::finish_job(const Event& event) {
  Machine& machine = machine_of(NodeId{event.node});
  if (!machine.node->up() || event.life != machine.node->life()) return false;
  if (machine.pauses > 0) {
    machine.parked.push_back(event);
    return false;
  }
  open_event(event, event.word);
  run_step(machine, [&] { machine.node->disk().complete(event.word); });
  account(machine.node->disk().digest());
  return true;
}

bool World::depart(const Event& event) {
  Machine& machine = machine_of(NodeId{event.node});
  std::deque<Departure>& departing = machine.departing;
  if (departing.empty() || departing.front().number != event.word) return false;
  open_event(event, event.word);
  Requests requests = std::move(departing.front().requests);
  departing.pop_front();
  carry_out(machine, requests);
  return true;
}

bool World::act(const Event& event) {
  open_event(event, event.word);
  const Action action = take_action(event.word);
  action();
  return true;
}

bool World::act_on_node(Event& event) {
  Machine& machine = machine_of(NodeId{event.node});
  if (machine.pauses > 0) {
    machine.parked.push_back(std::move(event));
    return false;
  }
  open_event(event, event.word);
  const Action action = take_action(event.word);
  if (machine.node->up()) run_step(machine, action);
  return true;
}

bool World::disconnect(Event& event) {
  Machine& machine = machine_of(NodeId{event.node});
  if (machine.pauses > 0) {
    machine.parked.push_back(std::move(event));
    return false;
  }
  if (!machine.node->up()) return false;
  event.life = machine.node->life();
  open_event(event, event.word);
  run_step(machine, [&] { machine.node->process().on_disconnect(NodeId{event.from}); });
  return true;
}

// Where frames travel by connections, the end of one shows; mostly, and about as soon as what was
// sent before it.  A script says itself what travels.
void World::plan_disconnect(NodeId from, NodeId to, std::uint64_t key) {
  constexpr std::int64_t kUnnoticedPpm = 125'000;
  const KeyedRandom random(key);
  if (courier_ || !network_.open(from, to) || chance(random.draw(1), kUnnoticedPpm)) return;
  const NetworkOptions& network = options_.network;
  Event event;
  event.kind = WorldEventKind::kDisconnect;
  event.node = to.value;
  event.from = from.value;
  event.word = key;
  const Duration travel =
      network.delay_base + uniform(random.draw(2), Duration(), network.delay_spread * 2);
  push(now() + travel, random.draw(3), std::move(event));
}

// --- Steps.

void World::step(NodeId node, const Action& action) {
  HOLDFAST_REQUIRE(exists(node) && up(node) && !paused(node), node);
  run_step(machine_of(node), action);
}

void World::account(const Requests& requests) {
  if (!accounts_) return;
  for (const Requests::Send& each : requests.sends) {
    account(digest_of(*each.frame) ^ static_cast<std::uint64_t>(each.to.value) << 56);
  }
  for (const Requests::Submit& each : requests.submits) {
    account(static_cast<std::uint64_t>(each.lane));
  }
}

void World::finish_step(Machine& machine) {
  Requests& requests = machine.node->requests();
  account(requests);
  if (requests.size() > 0 && strikes(machine)) {
    const std::size_t fault = machine.armed_fault;
    const KeyedRandom cuts = KeyedRandom(options_.seed).at("crash.cut");
    requests.truncate(below(cuts.draw(identity(faults_[fault]->fault)), requests.size() + 1));
    carry_out(machine, requests);
    crash_by_fault(fault);
  } else if (machine.lag > Duration() || !machine.departing.empty()) {
    delay_requests(machine);
  } else {
    carry_out(machine, requests);
  }
  if (machine.node->up()) schedule_alarm(machine);
  if (ending_ != NodeSet()) end_processes();
}

void World::carry_out(Machine& machine, Requests& requests) {
  for (Requests::Send& each : requests.sends)
    send(machine.node->id(), each);
  for (Requests::Submit& each : requests.submits) {
    machine.node->disk().submit(each.lane, std::move(each.job), std::move(each.done));
  }
  requests.clear();
}

void World::delay_requests(Machine& machine) {
  Requests& requests = machine.node->requests();
  if (requests.size() == 0) return;
  const NodeId node = machine.node->id();
  const std::uint64_t number = machine.departures++;
  const KeyedRandom lags = KeyedRandom(options_.seed).at("lag").at(node.value);
  const Instant wanted = now() + uniform(lags.draw(number), Duration(), machine.lag);
  machine.last_departure = std::max(machine.last_departure, wanted);
  machine.departing.push_back({number, std::move(requests)});
  requests.clear();
  Event event;
  event.kind = WorldEventKind::kDeparture;
  event.node = node.value;
  event.life = machine.node->life();
  event.word = number;
  // The number as tie-break keeps departures of one instant in order.
  push(machine.last_departure, number, std::move(event));
}

// A node that is slow no longer catches up at once.
void World::change_lag(Machine& machine, Duration lag) {
  machine.lag = lag;
  if (lag > Duration()) return;
  machine.last_departure = Instant();
  for (Departure& each : std::exchange(machine.departing, {}))
    carry_out(machine, each.requests);
}

void World::send(NodeId from, Requests::Send& send) {
  const NodeId to = send.to;
  note_frame(FrameMoment::kSent, from, to, send.frame);
  if (!exists(to)) {
    note_frame(FrameMoment::kLost, from, to, send.frame);
    return;
  }
  if (courier_) {
    const std::optional<Duration> travel = courier_(from, to, send.frame);
    if (travel) transmit(from, to, std::move(send.frame), *travel);
    return;
  }
  const SimNetwork::Fate fate = network_.send(from, to, now());
  if (fate.copies == 0) {
    using Loss = SimNetwork::Fate::Loss;
    const FrameMoment moment = fate.loss == Loss::kCut          ? FrameMoment::kCut
                               : fate.loss == Loss::kOverflowed ? FrameMoment::kOverflowed
                                                                : FrameMoment::kLost;
    note_frame(moment, from, to, send.frame);
    return;
  }
  Event event;
  event.kind = WorldEventKind::kDelivery;
  event.node = to.value;
  event.from = from.value;
  if (fate.copies == 2) {
    note_frame(FrameMoment::kDuplicated, from, to, send.frame);
    event.frame = send.frame;
    push(fate.copy[1].at, fate.copy[1].tie_break, event);
  }
  event.frame = std::move(send.frame);
  if (fate.damage != 0) {
    event.frame = damaged(event.frame, fate.damage);
    event.damaged = true;
    note_frame(FrameMoment::kDamaged, from, to, event.frame);
  }
  push(fate.copy[0].at, fate.copy[0].tie_break, std::move(event));
}

void World::transmit(NodeId from, NodeId to, Frame frame, Duration travel) {
  HOLDFAST_REQUIRE(exists(from) && exists(to), from, to);
  // For the state of the link and its counters; the time drawn does not matter.
  if (network_.send(from, to, now()).copies == 0) return;
  Event event;
  event.kind = WorldEventKind::kDelivery;
  event.node = to.value;
  event.from = from.value;
  event.frame = std::move(frame);
  push(now() + travel, network_.counters().sent, std::move(event));
}

void World::note_frame(FrameMoment moment, NodeId from, NodeId to, const Frame& frame) {
  if (wants_frames_) observer_.on_frame({now(), moment, from, to, frame});
}

// At most one alarm event per node counts; one that comes too early looks again.
void World::schedule_alarm(Machine& machine) {
  const Instant local = machine.node->alarm();
  if (local == machine.alarm_seen) return;
  machine.alarm_seen = local;
  const Instant at = machine.node->clock().reaches(local, now());
  if (at >= machine.alarm_event_at) return;
  machine.alarm_event_at = at;
  Event event;
  event.kind = WorldEventKind::kAlarm;
  event.node = machine.node->id().value;
  event.life = machine.node->life();
  event.word = ++machine.alarm_event;
  const std::uint64_t draw = tie(WorldEventKind::kAlarm, machine.node->id(), event.word);
  push(at, draw, std::move(event));
}

void World::change_drift(Machine& machine, std::int64_t more_ppm) {
  machine.drift_more_ppm += more_ppm;
  const std::int64_t drift = machine.drift_base_ppm + machine.drift_more_ppm;
  machine.node->clock().set_drift(now(), std::clamp(drift, kDriftLowest, kDriftHighest));
  machine.alarm_seen = Instant::never();
  if (machine.node->up()) schedule_alarm(machine);
}

WorldCounters World::counters() const {
  WorldCounters counters = counted_;
  counters.events = events_;
  counters.trace_events = context_.trace_events;
  counters.network = network_.counters();
  for (const Machine& machine : machines_) {
    for (std::size_t i = 0; i < kDiskFaultCount; ++i) {
      counters.disk_faults[i] += machine.node->disk().faults().of(static_cast<DiskFault>(i));
    }
  }
  return counters;
}

}  // namespace holdfast::sim
