#include "protocol/node.h"

#include <utility>

#include "protocol/events.h"
#include "protocol/learner.h"

namespace holdfast {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

Node::Node(NodeOptions options,
           Ports ports,
           std::shared_ptr<ReplicaStore> store,
           Callbacks callbacks,
           StackPool* stacks)
    : options_(std::move(options)),
      disk_(ports.disk, [this](const Disk::Done& done) { on_disk_done(done); }),
      ports_{ports.clock, ports.network, disk_, ports.random, ports.tracer},
      store_(std::move(store)),
      callbacks_(std::move(callbacks)),
      scheduler_(ports_.clock, stacks),
      peers_(options_, ports_),
      requests_(ports_.tracer),
      replica_({options_, ports_, scheduler_, peers_, store_, *this}),
      ballots_(options_, replica_),
      wiring_{options_, ports_, scheduler_, peers_, requests_, replica_, ballots_},
      proposer_(wiring_),
      catchup_(wiring_, proposer_),
      coordinator_(wiring_, proposer_, catchup_),
      elector_(wiring_, coordinator_),
      recovery_(wiring_, proposer_, catchup_, coordinator_, *this),
      log_(wiring_, proposer_, catchup_, coordinator_) {
  HOLDFAST_REQUIRE(options_.invalid().empty(), options_.invalid());
  peers_.on_succession([this](NodeId member) {
    requests_.on_succession(member);
    if (member == options_.self) recovery_.on_outnumbered();
  });
}

Node::~Node() {
  scheduler_.shut_down();
}

void Node::start() {
  ports_.tracer.record(EventKind::kBooted, {peers_.boot().value});
  auto opened = std::make_shared<StoreResult<Restored>>();
  ports_.disk.submit(
      Lane::kCommit,
      [opened, store = store_] { *opened = store->open(); },
      [this, opened] { on_opened(std::move(*opened)); });
}

void Node::on_opened(StoreResult<Restored> restored) {
  if (!restored) {
    stop(restored.error());
    return;
  }
  if (const auto error = replica_.restore(std::move(*restored))) {
    stop(*error);
    return;
  }
  state_ = State::kReady;
  scheduler_.spawn([this] { coordinator_.drive(); });
  scheduler_.spawn([this] { catchup_.follow(); });
  if (options_.elections == Elections::kByElector) {
    scheduler_.spawn([this] { elector_.drive(); });
    scheduler_.spawn([this] { elector_.run(); });
  }
  scheduler_.spawn([this] { recovery_.run(); });
  if (callbacks_.ready) callbacks_.ready();
}

void Node::on_frame(const Frame& frame) {
  if (state_ != State::kReady) return;
  auto envelope = peers_.accept(frame);
  if (envelope) dispatch(*envelope);
  end_step();
}

void Node::on_alarm() {
  end_step();
}

void Node::on_disconnect(NodeId member) {
  if (state_ != State::kReady) return;
  elector_.on_disconnect(member);
  end_step();
}

void Node::act(const std::function<void()>& action) {
  if (state_ != State::kReady) return;
  action();
  end_step();
}

void Node::dispatch(Envelope& envelope) {
  hear_chosen(envelope.chosen);
  const Asker asker{envelope.sender, envelope.boot, envelope.request};
  const auto reply = [&](auto&) {
    // An answer that echoes no boot answers nothing this life asked.
    if (envelope.echo == BootNonce{}) {
      ports_.tracer.reach(Point::kStaleAnswer);
      return;
    }
    const Speaker speaker{.node = envelope.sender,
                          .boot = envelope.boot,
                          .incarnation = envelope.incarnation,
                          .knows_voting = envelope.known.voted(options_.self)};
    requests_.on_reply(speaker, envelope.request, envelope.body);
  };
  std::visit(Overloaded{
                 [&](PromiseRequest& request) {
                   if (request.settles) hear_chosen({request.ballot, *request.settles});
                   replica_.on_promise(asker, request);
                 },
                 [&](WriteRequest& request) {
                   // A fill's ballot is never an election's.
                   if (request.ballot == envelope.chosen.ballot) {
                     elector_.on_coordinator_frame(envelope.sender, request.ballot);
                   }
                   replica_.on_write(asker, request);
                 },
                 [&](FetchRequest& request) { replica_.on_fetch(asker, request); },
                 [&](RecoverRequest& request) { replica_.on_recover(asker, request); },
                 [&](CloseRequest& request) { coordinator_.close(request.upto); },
                 [&](Learned& learned) { replica_.on_learned(learned.action); },
                 [&](ChosenNotice&) {
                   elector_.on_coordinator_frame(envelope.sender, envelope.chosen.ballot);
                 },
                 [&](Heartbeat& heartbeat) { elector_.on_heartbeat(asker, heartbeat); },
                 [&](CanvassRequest&) { elector_.on_canvass(asker); },
                 [&](HandOver& message) { elector_.on_hand_over(message); },
                 [&](PromiseReply& r) { reply(r); },
                 [&](WriteReply& r) { reply(r); },
                 [&](FetchReply& r) { reply(r); },
                 [&](RecoverReply& r) { reply(r); },
                 [&](HeartbeatReply& r) { reply(r); },
                 [&](CanvassReply& r) { reply(r); },
             },
             envelope.body);
}

void Node::hear_chosen(const ChosenUpto& chosen) {
  const ChosenUpto& known = peers_.chosen();
  // A pair that says nothing new; an older ballot's may still name positions accepted at it.
  if (chosen.ballot == Ballot{} || (chosen.ballot == known.ballot && chosen.upto <= known.upto)) {
    return;
  }
  const bool rose = chosen > known;
  coordinator_.on_chosen_heard(chosen);
  replica_.on_chosen(chosen);
  if (rose) catchup_.on_chosen_rose();
}

// A stopped node takes no note of what its other jobs achieved: a commit that ends well after a
// failed read would send the answers it held.
void Node::on_disk_done(const Disk::Done& done) {
  if (state_ == State::kStopped) return;
  done();
  end_step();
}

void Node::end_step() {
  if (state_ == State::kStopped) return;
  while (!failure_) {
    while (!own_answers_.empty() && !failure_) {
      auto [request, reply] = std::move(own_answers_.front());
      own_answers_.pop_front();
      if (!peers_.counts(options_.self, peers_.incarnation(), reply)) continue;
      requests_.on_reply({options_.self, peers_.boot(), peers_.incarnation()}, request, reply);
    }
    scheduler_.run();
    if (coordinator_.send_new()) continue;
    if (own_answers_.empty() && !report_term()) break;
  }
  if (failure_) {
    stop(*failure_);
    return;
  }
  if (state_ == State::kReady) replica_.begin_commit();
}

// True: the application was told something, and may have begun something.
bool Node::report_term() {
  const std::uint64_t term = coordinator_.elected() ? coordinator_.term() : 0;
  if (term == reported_term_) return false;
  const std::uint64_t before = std::exchange(reported_term_, term);
  if (before != 0 && callbacks_.lost) callbacks_.lost(before, coordinator_.stepped_down_for());
  if (term != 0 && callbacks_.elected) callbacks_.elected(term);
  return true;
}

void Node::stop(const StoreError& error) {
  state_ = State::kStopped;
  failure_ = error;
  ports_.tracer.record(EventKind::kStopped, {static_cast<std::uint64_t>(error.kind)}, error.text);
  ports_.tracer.reach(error.kind == StoreError::Kind::kFull ? Point::kStoreFull
                                                            : Point::kStoreError);
  own_answers_.clear();
  scheduler_.shut_down();
  ports_.clock.set_alarm(Instant::never());
  if (callbacks_.stopped) callbacks_.stopped(error);
}

void Node::on_own_answer(RequestId request, Message reply) {
  own_answers_.emplace_back(request, std::move(reply));
}

void Node::on_implicit_promise(Ballot ballot) {
  coordinator_.on_implicit_promise(ballot);
  elector_.on_implicit_promise(ballot);
}

void Node::on_learned(const Action& action) {
  coordinator_.on_learned(action.position);
}

void Node::on_store_failed(const StoreError& error) {
  if (!failure_) failure_ = error;
}

WriteBatch initial_batch(const NodeOptions& options, Position first) {
  WriteBatch batch;
  batch.metadata = Metadata{.status = Status::kVoting,
                            .promised = {},
                            .cluster = options.cluster,
                            .log = options.log,
                            .config = options.membership.digest(),
                            .member = options.self,
                            .incarnation = {},
                            .known = {},
                            .settled = {},
                            .rounds_reserved = 0};
  if (auto tombstone = tombstone_for(Begin{first, std::nullopt}, Begin{})) {
    batch.actions.push_back(std::move(*tombstone));
  }
  return batch;
}

}  // namespace holdfast
