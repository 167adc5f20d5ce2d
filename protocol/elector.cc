#include "protocol/elector.h"

#include <algorithm>
#include <utility>

#include "protocol/fiber/stack_note.h"
#include "protocol/state_names.h"

namespace holdfast {

namespace {

// A preferred member is healthy when it was ready for so many election timeouts on end.  Doubles
// with every hand-over that this member has made, up to a limit: whoever does not keep what it was
// given is not given it again soon.
constexpr std::uint64_t kHealthyTimeouts = 4;
constexpr unsigned kHealthyDoublingsMax = 6;

// Where the connection to the coordinator ended, those who run are kept apart by times between
// these parts of an election timeout: all others notice within the first, and an election takes
// less than the second.
constexpr std::int64_t kDisconnectedLeast = 32;
constexpr std::int64_t kDisconnectedMost = 8;

}  // namespace

Elector::Elector(Proposer::Wiring wiring, Coordinator& coordinator)
    : w_(wiring),
      coordinator_(coordinator),
      patience_(static_cast<std::uint64_t>(wiring.options.election_timeout.ns() /
                                           wiring.options.heartbeat_interval.ns())),
      stirred_(wiring.scheduler) {}

std::optional<NodeId> Elector::coordinator() const {
  if (coordinator_.elected()) return w_.options.self;
  if (believed_.node == NodeId{} || believed_.node == w_.options.self) return std::nullopt;
  return believed_.node;
}

// --- what is heard

// By the same rule for this member's own election and for others'.
bool Elector::supports() const {
  return voting() && silent_ >= patience_ && !coordinator_.elected() && !coordinator_.electing();
}

// One candidate at a time, so that of two that canvass at once one runs, and no more.  Only for
// half a timeout, and no longer for being asked again: a candidate that cannot hear the answers
// must not keep others from running.
bool Elector::supports_only(NodeId candidate) {
  if (!supports()) return false;
  if (favoured_for_ == 0) {
    favourite_ = candidate;
    favoured_for_ = patience_ / 2;
  }
  return favourite_ == candidate;
}

void Elector::heard(const Belief& belief) {
  // Deposed: this replica has promised a higher ballot since.
  if (belief.ballot < promised() || belief.ballot < believed_.ballot) return;
  // Sent before the hand-over, and overtaken by it.
  if (belief.ballot <= over_) return;
  believed_ = belief;
  silent_ = 0;
  disconnected_ = false;
  // Where the application decides, an election is its own affair.
  if (on()) coordinator_.forgo();
  stirred_.notify_all();
}

void Elector::on_coordinator_frame(NodeId from, Ballot ballot) {
  heard({from, ballot});
}

void Elector::on_heartbeat(const Asker& asker, const Heartbeat& heartbeat) {
  if (!on()) return;
  heard({heartbeat.elected ? asker.node : NodeId{}, heartbeat.ballot});
  if (coordinator_.elected() && coordinator_.ballot() < heartbeat.ballot) {
    w_.ports.tracer.reach(Point::kStepDownPromise);
    coordinator_.abandon(Failure::kHigherPromise);
  }
  // A quorum of those that cannot vote would be of no use to a coordinator.
  if (voting()) w_.peers.answer(asker, HeartbeatReply{promised(), ready()});
}

// A candidate that this replica has promised is given the time to finish.
void Elector::on_implicit_promise(Ballot ballot) {
  const bool own = coordinator_.electing() && coordinator_.ballot() == ballot;
  if (!own) heard({NodeId{}, ballot});
}

// A process that ends closes its connections, so nobody needs to wait for its silence.  That the
// connection ended and the process did not costs a few questions: whoever hears the coordinator
// still does not support an election.
void Elector::on_disconnect(NodeId member) {
  if (!on() || believed_.node != member || coordinator_.claims()) return;
  w_.ports.tracer.reach(Point::kDisconnected);
  believed_.node = NodeId{};
  silent_ = std::max(silent_, patience_);
  disconnected_ = true;
  stirred_.notify_all();
}

// The envelope that asks has said what is chosen.
bool Elector::ready() const {
  const Position missing = w_.replica.image().first_missing(Position{});
  return !disk_lags_ && missing.value + w_.options.window > w_.peers.chosen().upto.value;
}

void Elector::on_canvass(const Asker& asker) {
  if (!on()) return;
  const auto known = coordinator();
  w_.peers.answer(
      asker,
      CanvassReply{.supports = supports_only(asker.node),
                   .promised = promised(),
                   .coordinator = known.value_or(NodeId{}),
                   .ballot = coordinator_.elected() ? coordinator_.ballot() : believed_.ballot});
}

void Elector::on_hand_over(const HandOver& message) {
  if (!on() || !voting()) return;
  told_by_ = message.ballot;
  over_ = std::max(over_, message.ballot);
  w_.ballots.observe(message.ballot);
  stirred_.notify_all();
}

// --- heartbeats

void Elector::drive() {
  if (!on()) return;
  while (true) {
    w_.scheduler.sleep_for(w_.options.heartbeat_interval);
    if (coordinator_.claims()) {
      beat();
    } else {
      listen();
    }
  }
}

void Elector::listen() {
  heartbeat_.reset();
  disk_lags_ = w_.replica.durable() < staged_;
  staged_ = w_.replica.staged();
  if (favoured_for_ > 0) --favoured_for_;
  if (++silent_ < patience_) return;
  if (silent_ == patience_) believed_.node = NodeId{};
  stirred_.notify_all();
}

void Elector::beat() {
  const Ballot ballot = coordinator_.ballot();
  if (!heartbeat_ || beaten_ != ballot) {
    beaten_ = ballot;
    hearings_.fill({});
    heartbeat_.emplace(
        w_.requests,
        [this](const Speaker& from, Message& message) {
          if (const auto* reply = std::get_if<HeartbeatReply>(&message)) {
            on_heartbeat_reply(from.node, *reply);
          }
        },
        [](NodeId) {});
  }
  believed_ = {w_.options.self, ballot};
  silent_ = 0;
  disconnected_ = false;
  for (const NodeId id : configuration().members) {
    Hearing& hearing = hearings_[id.value];
    if (++hearing.missed > patience_) hearing.ready = 0;
  }
  if (!reachable()) {
    w_.ports.tracer.reach(Point::kUnreachable);
    coordinator_.abandon(Failure::kUnreachable);
    return;
  }
  w_.peers.broadcast(heartbeat_->id(), Heartbeat{ballot, coordinator_.elected()});
  coordinator_.spoke();
  consider_hand_over();
}

// One request for the whole term: an answer that takes longer than an interval still says that its
// sender is there.
void Elector::on_heartbeat_reply(NodeId from, const HeartbeatReply& reply) {
  if (!coordinator_.claims() || coordinator_.ballot() != beaten_) return;
  if (reply.promised > beaten_) {
    w_.ports.tracer.reach(Point::kHeartbeatRefused);
    w_.ballots.observe(reply.promised);
    coordinator_.abandon(Failure::kRejected);
    return;
  }
  Hearing& hearing = hearings_[from.value];
  if (!reply.ready) {
    hearing.ready = 0;
  } else if (hearing.missed > 0) {
    ++hearing.ready;
  }
  hearing.missed = 0;
}

bool Elector::reachable() const {
  std::size_t heard = 0;
  for (const NodeId id : configuration().members) {
    if (id == w_.options.self || hearings_[id.value].missed <= patience_) ++heard;
  }
  return heard >= configuration().quorum();
}

// --- preference

std::size_t Elector::rank(NodeId id) const {
  const auto& order = w_.options.preference;
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), id) - order.begin());
}

void Elector::consider_hand_over() {
  if (!coordinator_.elected() || handing_over_ || !coordinator_.quiet()) return;
  const std::uint64_t wanted = kHealthyTimeouts * patience_
                               << std::min(handed_over_, kHealthyDoublingsMax);
  for (const NodeId id : w_.options.preference) {
    if (id == w_.options.self) return;
    const Hearing& hearing = hearings_[id.value];
    if (hearing.ready < wanted || hearing.missed > 1) continue;
    handing_over_ = true;
    w_.scheduler.spawn([this, id] {
      hand_over(id);
      handing_over_ = false;
    });
    return;
  }
}

bool Elector::hand_over(NodeId to) {
  HOLDFAST_REQUIRE(to != w_.options.self && configuration().contains(to), to);
  const Ballot ballot = coordinator_.ballot();
  if (!coordinator_.retire()) return false;
  ++handed_over_;
  w_.ports.tracer.record(EventKind::kHandedOver, {to.value, ballot.value});
  w_.ports.tracer.reach(Point::kHandedOver);
  w_.peers.ask(to, RequestId{}, HandOver{ballot});
  return true;
}

// --- canvasses and elections

void Elector::run() {
  if (!on()) return;
  while (true) {
    if (!told_to_run() && !(wait_for_turn() && canvass())) continue;
    // Others learn at once whom to send their clients to.
    if (coordinator_.elect().ok()) beat();
  }
}

bool Elector::told_to_run() {
  const auto ballot = std::exchange(told_by_, std::nullopt);
  if (!ballot) return false;
  // A copy of the message that came late; what it speaks of is over.
  if (promised() > *ballot || coordinator_.elected()) {
    w_.ports.tracer.reach(Point::kHandOverLate);
    return false;
  }
  return true;
}

// Each rank has its part of a timeout, so that a preferred member's turn comes first; those of one
// rank are kept apart by chance.
Duration Elector::draw_pause() {
  const auto& order = w_.options.preference;
  const bool all_named = order.size() == configuration().members.size();
  const auto ranks = static_cast<std::int64_t>(order.size() + (all_named ? 0 : 1));
  const auto mine = static_cast<std::int64_t>(rank(w_.options.self));
  const Duration timeout = w_.options.election_timeout;
  const Duration least = disconnected_ ? timeout / kDisconnectedLeast : Duration();
  const Duration part = ((disconnected_ ? timeout / kDisconnectedMost : timeout) - least) / ranks;
  return least + w_.ports.random.between(RandomStream::kElection, part * mine, part * (mine + 1));
}

// Waits until no coordinator was heard of for an election timeout, and then for this member's turn.
// False: somebody was heard of meanwhile, or another member runs, or this one is told to.
bool Elector::wait_for_turn() {
  while (!supports()) {
    const NotedWait wait(w_.scheduler, "for silence");
    stirred_.wait();
    if (told_by_) return false;
  }
  const Instant turn = w_.scheduler.now() + draw_pause();
  const StackNote note(w_.scheduler, "turn", [&](StateHash& hash) { hash.add(turn); });
  while (w_.scheduler.now() < turn) {
    const NotedWait wait(w_.scheduler, "for its turn");
    const bool stirred = stirred_.wait_until(turn);
    if (told_by_ || (stirred && !supports())) return false;
  }
  return supports_only(w_.options.self);
}

bool Elector::canvass() {
  w_.ports.tracer.record(EventKind::kCanvassing, {promised().value});
  // What others said in the canvass before may be over.
  believed_.node = NodeId{};
  Gather<CanvassReply> gather(w_.scheduler);
  OpenRequest request(
      w_.requests,
      [&](const Speaker& from, Message& message) {
        auto* reply = std::get_if<CanvassReply>(&message);
        if (reply == nullptr) return;
        observe(*reply);
        if (!gather.offer(from.node, *reply)) w_.ports.tracer.reach(Point::kDuplicateAnswer);
      },
      [&](NodeId member) { gather.forget(member); });
  const auto decided = [&](const auto& replies) { return count(replies) != Verdict::kOpen; };
  std::uint64_t round = 0;
  const StackNote note(w_.scheduler, "canvass", [&](StateHash& hash) {
    hash.add(request.id());
    hash.add(round);
    add_answers(hash, gather.replies());
  });
  for (; round < patience_; ++round) {
    w_.peers.broadcast(
        request.id(), CanvassRequest{}, [&](NodeId id) { return !gather.answered(id); });
    const NotedWait wait(w_.scheduler, "for support");
    if (gather.wait_until(w_.scheduler.now() + w_.options.heartbeat_interval, decided)) break;
  }
  const bool won = count(gather.replies()) == Verdict::kSupported;
  std::size_t supporters = supports() ? 1 : 0;
  std::size_t refusals = 0;
  for (const auto& [from, reply] : gather.replies())
    ++(reply.supports ? supporters : refusals);
  w_.ports.tracer.reach(won            ? Point::kCanvassWon
                        : !supports()  ? Point::kCanvassOvertaken
                        : refusals > 0 ? Point::kCanvassRefused
                                       : Point::kCanvassUnanswered);
  w_.ports.tracer.record(EventKind::kCanvassed, {supporters, won ? 1u : 0u});
  // Others follow one that is alive: only this member's connection has ended, and to ask again at
  // once would be noise.
  if (!won && believed_.node != NodeId{}) disconnected_ = false;
  return won;
}

Elector::Verdict Elector::count(const std::vector<std::pair<NodeId, CanvassReply>>& replies) const {
  if (!supports() || told_by_) return Verdict::kRefused;
  std::size_t supporters = 1;
  for (const auto& [from, reply] : replies)
    supporters += reply.supports;
  const std::size_t refusals = replies.size() + 1 - supporters;
  if (supporters >= configuration().quorum()) return Verdict::kSupported;
  if (configuration().members.size() - refusals < configuration().quorum()) {
    return Verdict::kRefused;
  }
  return Verdict::kOpen;
}

// What others promised, for this member's next ballot; and whom they follow, for redirects.  That
// is hearsay, and no sign of life.
void Elector::observe(const CanvassReply& reply) {
  w_.ballots.observe(reply.promised);
  if (reply.coordinator == NodeId{} || reply.coordinator == w_.options.self ||
      reply.ballot < promised() || reply.ballot < believed_.ballot) {
    return;
  }
  believed_ = {reply.coordinator, reply.ballot};
}

}  // namespace holdfast
