#include "protocol/coordinator.h"

#include <algorithm>
#include <utility>

#include "protocol/fiber/stack_note.h"

namespace holdfast {

std::string_view failure_text(Failure failure) {
  switch (failure) {
    case Failure::kNone:
      return "no failure";
    case Failure::kRejected:
      return "a member promised a coordinator with a higher ballot";
    case Failure::kHigherPromise:
      return "this member promised another coordinator";
    case Failure::kTooFewVoters:
      return "fewer than a quorum of members vote";
    case Failure::kDeadline:
      return "no quorum answered in time";
    case Failure::kBusy:
      return "an election of this member is under way already";
    case Failure::kNotVoting:
      return "this member does not vote: it is not initialised, or not recovered yet";
    case Failure::kNotElected:
      return "not elected: start the writer";
    case Failure::kTooLarge:
      return "the entry is larger than entry_bytes_max";
    case Failure::kBadTruncate:
      return "truncate wants begin <= to <= the last acknowledged position + 1";
    case Failure::kHigherPair:
      return "a coordinator with a higher ballot is at work";
    case Failure::kTruncated:
      return "another coordinator truncated the log past this one's position";
    case Failure::kLearned:
      return "another coordinator decided a position of this one's window";
    case Failure::kRestarted:
      return "the writer was started again";
    case Failure::kUnreachable:
      return "no quorum of members answers this coordinator any more";
    case Failure::kHandedOver:
      return "this coordinator has handed over to a preferred member: ask that one";
    case Failure::kForgone:
      return "another coordinator turned up before this member's election began";
  }
  HOLDFAST_UNREACHABLE("failure");
}

std::string ElectResult::text() const {
  if (ok()) return "elected, the log ends at " + std::to_string(end.value);
  return "not elected: " + std::string(failure_text(failure));
}

std::string WriteResult::text() const {
  switch (outcome) {
    case Outcome::kOk:
      return "ok at position " + std::to_string(position.value);
    case Outcome::kFailed:
      if (ended_by == Failure::kNone) return "failed: " + std::string(failure_text(failure));
      return "failed: the writer's election ended, since " + std::string(failure_text(ended_by)) +
             ": start it again";
    case Outcome::kUnknown:
      return "unknown: " + std::string(failure_text(failure)) +
             "; start the writer, and append again under the same key";
  }
  HOLDFAST_UNREACHABLE("outcome");
}

Coordinator::Coordinator(Proposer::Wiring wiring, Proposer& proposer, CatchUp& catchup)
    : w_(wiring),
      proposer_(proposer),
      catchup_(catchup),
      work_(wiring.scheduler),
      settled_(wiring.scheduler) {}

// --- election

ElectResult Coordinator::elect() {
  if (state_ == State::kElecting) return {.failure = Failure::kBusy};
  if (state_ == State::kElected) step_down(Failure::kRestarted);
  if (w_.replica.image().metadata().status != Status::kVoting) {
    return {.failure = Failure::kNotVoting};
  }

  // Also when the caller's fiber is cancelled in the middle.
  class Campaigning {
   public:
    explicit Campaigning(State& state) : state_(state) { state_ = State::kElecting; }

    ~Campaigning() {
      if (state_ == State::kElecting) state_ = State::kIdle;
    }

   private:
    State& state_;
  } campaigning(state_);

  abandoned_ = Failure::kNone;
  asked_ = promised_ = false;
  const Ballot ballot = w_.ballots.next();
  if (abandoned_ != Failure::kNone) {
    w_.ports.tracer.reach(Point::kElectionForgone);
    return {.failure = abandoned_};
  }
  asked_ = true;
  ballot_ = ballot;
  // While the round was made durable, others may have been promised lower and higher ballots.
  superseded_ = w_.replica.image().metadata().promised > ballot;
  w_.ports.tracer.record(EventKind::kElecting, {ballot.value});
  Position end;
  const Failure failure = campaign(ballot, end);
  if (failure != Failure::kNone) {
    w_.ports.tracer.record(EventKind::kElectionLost,
                           {ballot.value, static_cast<std::uint64_t>(failure)});
    return {.failure = failure};
  }
  state_ = State::kElected;
  ++term_;
  acknowledged_ = end;
  open_request();
  last_broadcast_ = w_.scheduler.now();
  w_.ports.tracer.record(EventKind::kElected, {ballot.value, end.value});
  // Everything up to the end of the fill is chosen.
  w_.replica.on_chosen({ballot, end});
  work_.notify_all();
  return {.term = term_, .end = end};
}

Failure Coordinator::campaign(Ballot ballot, Position& end) {
  Tracer& tracer = w_.ports.tracer;
  // In which of its calls it is, those say.
  const StackNote note(w_.scheduler, "campaign", [&](StateHash& hash) {
    hash.add(ballot);
    hash.add(end);
  });
  deadline_ = w_.scheduler.now() + w_.options.election_deadline;
  const PromiseOutcome promised = proposer_.promise(ballot, std::nullopt, deadline_);
  switch (promised.phase) {
    case Phase::kRejected:
      tracer.reach(Point::kElectRejected);
      return Failure::kRejected;
    case Phase::kIgnored:
      tracer.reach(Point::kElectIgnored);
      return Failure::kTooFewVoters;
    case Phase::kTimedOut:
      tracer.reach(Point::kElectTimedOut);
      return Failure::kDeadline;
    case Phase::kTruncated:
    case Phase::kLearned:
      HOLDFAST_UNREACHABLE("an implicit promise names no position");
    case Phase::kAccepted:
      break;
  }
  // Votes of this member's own replica count among what may have been chosen even when its answer
  // was not among the first.
  promised_ = true;
  end = std::max(promised.end, w_.replica.image().voting_end());
  if (!w_.options.mesos_compat.d8) w_.replica.on_truncated(promised.begin);
  if (w_.replica.image().first_missing(Position{}) <= end) tracer.reach(Point::kElectFills);
  // An election that cannot be won any more must not go on filling: its ballots would only stand in
  // the way of the rival's.
  const auto lost = [this] { return superseded_ || abandoned_ != Failure::kNone; };
  const bool complete =
      catchup_.complete(end, CatchUp::Means::kFetchFill, Patience{deadline_, lost});
  if (superseded_) return Failure::kHigherPromise;
  if (abandoned_ != Failure::kNone) return abandoned_;
  if (!complete) {
    tracer.reach(Point::kElectTimedOut);
    return Failure::kDeadline;
  }
  return settle(ballot, end);
}

Failure Coordinator::settle(Ballot ballot, Position end) {
  if (w_.options.mesos_compat.d14) return Failure::kNone;
  const PromiseOutcome settled = proposer_.settle(ballot, end, deadline_);
  if (superseded_) return Failure::kHigherPromise;
  if (settled.phase == Phase::kAccepted) return abandoned_;
  w_.ports.tracer.reach(Point::kElectOvertaken);
  if (settled.phase == Phase::kRejected) return Failure::kRejected;
  return settled.phase == Phase::kIgnored ? Failure::kTooFewVoters : Failure::kDeadline;
}

// --- writing

WriteResult Coordinator::append(std::uint64_t term, Payload bytes, IdempotencyKey key) {
  HOLDFAST_REQUIRE(bytes != nullptr);
  if (bytes->size() > w_.options.entry_bytes_max) {
    w_.ports.tracer.reach(Point::kAppendTooLarge);
    return {.outcome = Outcome::kFailed, .failure = Failure::kTooLarge};
  }
  return write(term, Value::append(std::move(bytes), key));
}

WriteResult Coordinator::truncate(std::uint64_t term, Position to) {
  if (elected() && term == term_ &&
      (to < w_.replica.image().begin().position || to > acknowledged_.next())) {
    w_.ports.tracer.reach(Point::kTruncateInvalid);
    return {.outcome = Outcome::kFailed, .failure = Failure::kBadTruncate};
  }
  return write(term, Value::truncate(to));
}

WriteResult Coordinator::write(std::uint64_t term, Value value) {
  if (!elected() || term != term_) return not_elected(term);
  const IdempotencyKey key = value.key;
  if (key != IdempotencyKey{}) {
    if (const auto known = w_.replica.image().find_key(key)) {
      w_.ports.tracer.reach(Point::kAppendKnown);
      return {.outcome = Outcome::kOk, .failure = Failure::kNone, .position = *known};
    }
    if (const auto same = keyed_.find(key); same != keyed_.end()) {
      w_.ports.tracer.reach(Point::kAppendJoined);
      return await(same->second);
    }
  }
  if (retiring_) return {.outcome = Outcome::kFailed, .failure = Failure::kHandedOver};
  auto pending = std::make_shared<Pending>(w_.scheduler, std::move(value));
  queue_.push_back(pending);
  if (key != IdempotencyKey{}) keyed_.emplace(key, pending);
  fill_window();
  if (!queue_.empty()) w_.ports.tracer.reach(Point::kWindowQueued);
  return await(pending);
}

// Takes its own share of what is pending: the caller's fiber may be cancelled here, and another may
// wait for the same.
WriteResult Coordinator::await(const std::shared_ptr<Pending>& shared) {
  const std::shared_ptr<Pending> pending = shared;
  pending->finished.await([&] { return pending->done; });
  return pending->result;
}

WriteResult Coordinator::not_elected(std::uint64_t term) const {
  WriteResult result{.outcome = Outcome::kFailed, .failure = Failure::kNotElected, .position = {}};
  if (term != 0) result.ended_by = term == term_ ? stepped_down_for_ : Failure::kRestarted;
  return result;
}

// One for all writes of a term: that they are of this term is all an answer has to show.  Its
// positions say which.
void Coordinator::open_request() {
  request_ = w_.requests.open(
      [this](const Speaker& from, Message& reply) {
        if (auto* written = std::get_if<WriteReply>(&reply)) on_write_reply(from.node, *written);
      },
      [this](NodeId member) { forget_votes(member); });
}

void Coordinator::fill_window() {
  while (state_ == State::kElected && !queue_.empty() && window_.size() < w_.options.window) {
    Slot slot;
    slot.position = acknowledged_ + (window_.size() + 1);
    slot.pending = std::move(queue_.front());
    queue_.pop_front();
    const Instant now = w_.scheduler.now();
    // The nap under way is counted as a whole when it ends.
    slot.deadline = waited_ + nap() + w_.options.write_deadline;
    slot.resend = w_.options.resend_min;
    slot.resend_at = now + slot.resend;
    const Value& value = slot.pending->value;
    w_.ports.tracer.record(
        EventKind::kProposed,
        {slot.position.value, ballot_.value, event_flags(value, false), value.digest()});
    window_.push_back(std::move(slot));
    ++unsent_;
  }
}

bool Coordinator::send_new() {
  if (unsent_ == 0) return false;
  while (unsent_ > 0)
    send_run();
  return true;
}

// Not so much in one frame that what comes behind it waits for long, or that it is refused.
void Coordinator::send_run() {
  // More than what surrounds a value.
  constexpr std::size_t kValueBytes = 64;

  const std::size_t from = window_.size() - unsent_;
  WriteRequest request{ballot_, window_[from].position, window_[from].pending->value};
  request.rest.reserve(window_.size() - from - 1);
  std::size_t bytes = request.value.size() + kValueBytes;
  for (std::size_t i = from + 1; i < window_.size(); ++i) {
    const Value& value = window_[i].pending->value;
    bytes += value.size() + kValueBytes;
    if (bytes > w_.options.fetch_bytes_max) break;
    request.rest.push_back(value);
  }
  if (!request.rest.empty()) w_.ports.tracer.reach(Point::kWritesTogether);
  unsent_ -= request.rest.size() + 1;
  last_broadcast_ = w_.scheduler.now();
  w_.peers.broadcast(request_, request);
  // Last: the replica may say something that makes this coordinator step down.
  w_.replica.on_write({w_.options.self, w_.peers.boot(), request_}, request);
}

void Coordinator::resend(Slot& slot) {
  const WriteRequest request{ballot_, slot.position, slot.pending->value};
  const auto silent = [&](NodeId id) { return !slot.votes[id.value] && !slot.ignored[id.value]; };
  last_broadcast_ = w_.scheduler.now();
  w_.peers.broadcast(request_, request, silent);
  const Asker self{w_.options.self, w_.peers.boot(), request_};
  if (silent(w_.options.self)) w_.replica.on_write(self, request);
}

Coordinator::Slot* Coordinator::slot_at(Position position) {
  if (state_ != State::kElected || position <= acknowledged_) return nullptr;
  const std::uint64_t index = position.value - acknowledged_.value - 1;
  return index < window_.size() ? &window_[index] : nullptr;
}

// What was chosen with it stays chosen; a vote that still has to decide is asked for again.
void Coordinator::forget_votes(NodeId member) {
  for (Slot& slot : window_) {
    if (slot.chosen) continue;
    if (slot.votes[member.value]) w_.ports.tracer.reach(Point::kVoteForgotten);
    slot.votes.reset(member.value);
    slot.ignored.reset(member.value);
  }
}

void Coordinator::on_write_reply(NodeId from, WriteReply& reply) {
  if (reply.answer == Answer::kAccept && !reply.learned) {
    on_accept(from, reply.position, reply.last());
    return;
  }
  Slot* const slot = slot_at(reply.position);
  if (slot == nullptr) return;
  switch (reply.answer) {
    case Answer::kAccept:
      w_.ports.tracer.reach(Point::kStepDownLearned);
      step_down(Failure::kLearned);
      return;
    case Answer::kReject:
      w_.ports.tracer.reach(Point::kStepDownRejected);
      w_.ballots.observe(reply.ballot);
      if (w_.options.mesos_compat.d3) {
        go_on_as(reply.ballot);
      } else {
        step_down(Failure::kRejected);
      }
      return;
    case Answer::kTruncated:
      w_.ports.tracer.reach(Point::kStepDownTruncated);
      step_down(Failure::kTruncated);
      return;
    case Answer::kIgnored: {
      slot->ignored.set(from.value);
      const Configuration& configuration = w_.options.membership.at(slot->position);
      if (configuration.members.size() - slot->ignored.count() < configuration.quorum()) {
        step_down(Failure::kTooFewVoters);
      }
      return;
    }
  }
}

void Coordinator::on_accept(NodeId from, Position first, Position last) {
  for (Position p = std::max(first, acknowledged_.next()); p <= last; p = p.next()) {
    Slot* const slot = slot_at(p);
    if (slot == nullptr) break;
    count_vote(from, *slot);
  }
  if (elected() && !window_.empty() && window_.front().chosen) acknowledge();
}

void Coordinator::count_vote(NodeId from, Slot& slot) {
  if (slot.votes[from.value]) {
    w_.ports.tracer.reach(Point::kDuplicateAnswer);
    return;
  }
  slot.votes.set(from.value);
  if (slot.chosen || slot.votes.count() < w_.options.membership.at(slot.position).quorum()) return;
  slot.chosen = true;
  const Value& value = slot.pending->value;
  w_.ports.tracer.record(
      EventKind::kChosen,
      {slot.position.value, ballot_.value, event_flags(value, false), value.digest()});
  const bool in_order =
      slot.position == acknowledged_.next() || slot_at(slot.position.previous())->chosen;
  if (!in_order) w_.ports.tracer.reach(Point::kWindowOutOfOrder);
}

// Clients hear of their writes in the order of positions.
void Coordinator::acknowledge() {
  std::vector<std::shared_ptr<Pending>> done;
  done.reserve(window_.size());
  const Position first = acknowledged_.next();
  while (!window_.empty() && window_.front().chosen) {
    done.push_back(std::move(window_.front().pending));
    acknowledged_ = window_.front().position;
    window_.pop_front();
  }
  // The local replica learns first, so that a client reads its own writes.
  w_.replica.on_chosen({ballot_, acknowledged_});
  for (std::size_t i = 0; i < done.size(); ++i) {
    finish(*done[i], Outcome::kOk, Failure::kNone, first + i);
  }
  fill_window();
  if (window_.empty()) settled_.notify_all();
}

void Coordinator::finish(Pending& pending, Outcome outcome, Failure failure, Position position) {
  keyed_.erase(pending.value.key);
  pending.done = true;
  pending.result = {.outcome = outcome, .failure = failure, .position = position};
  pending.finished.notify_all();
}

void Coordinator::step_down(Failure reason) {
  HOLDFAST_CHECK(state_ == State::kElected);
  if (window_.size() == w_.options.window) w_.ports.tracer.reach(Point::kStepDownFull);
  state_ = State::kIdle;
  retiring_ = false;
  stepped_down_for_ = reason;
  w_.requests.close(request_);
  settled_.notify_all();
  w_.ports.tracer.record(EventKind::kSteppedDown,
                         {ballot_.value, static_cast<std::uint64_t>(reason)});
  give_up_writes(reason);
}

// D3 switched back: only the refused write is over.
void Coordinator::go_on_as(Ballot winner) {
  give_up_writes(Failure::kRejected);
  w_.requests.close(request_);
  open_request();
  ballot_ = winner;
}

void Coordinator::give_up_writes(Failure reason) {
  // Never sent: these did not happen.
  const std::size_t sent = window_.size() - unsent_;
  for (std::size_t i = 0; i < window_.size(); ++i) {
    const Outcome outcome = i < sent ? Outcome::kUnknown : Outcome::kFailed;
    finish(*window_[i].pending, outcome, reason, Position{});
  }
  for (const auto& pending : queue_)
    finish(*pending, Outcome::kFailed, reason, Position{});
  window_.clear();
  unsent_ = 0;
  queue_.clear();
}

void Coordinator::abandon(Failure reason) {
  if (elected()) {
    step_down(reason);
  } else if (electing()) {
    abandoned_ = reason;
    promised_ = false;
  }
}

void Coordinator::forgo() {
  if (electing() && !asked_) abandoned_ = Failure::kForgone;
}

bool Coordinator::retire() {
  if (!elected()) return false;
  retiring_ = true;
  const std::uint64_t term = term_;
  const auto same = [&] { return elected() && term_ == term; };
  settled_.await([&] { return !same() || (window_.empty() && queue_.empty()); });
  if (!same()) return false;
  step_down(Failure::kHandedOver);
  return true;
}

// --- what happens around it

void Coordinator::close(Position upto) {
  // More than any window: such a request is not about a write under way.
  constexpr std::uint64_t kClosedMax = 4096;
  if (!elected()) return;
  const Position planned = acknowledged_ + (window_.size() + queue_.size());
  if (upto <= planned || upto.value - planned.value > kClosedMax) return;
  w_.ports.tracer.reach(Point::kRangeClosed);
  for (std::uint64_t n = upto.value - planned.value; n > 0; --n)
    queue_.push_back(std::make_shared<Pending>(w_.scheduler, Value::nop()));
  fill_window();
}

void Coordinator::on_vote_lost() {
  superseded_ = true;
  if (elected()) step_down(Failure::kNotVoting);
}

void Coordinator::drive() {
  while (true) {
    if (!elected()) {
      w_.scheduler.rest("idle coordinator");
      work_.wait();
      continue;
    }
    const Instant now = w_.scheduler.now();
    if (!window_.empty() && window_.front().deadline <= waited_) {
      w_.ports.tracer.reach(Point::kStepDownDeadline);
      step_down(Failure::kDeadline);
      continue;
    }
    resend_overdue(now);
    if (!elected()) continue;
    if (last_broadcast_ + w_.options.chosen_interval <= now) {
      w_.peers.broadcast(RequestId{}, ChosenNotice{});
      last_broadcast_ = now;
    }
    w_.scheduler.rest("coordinator");
    w_.scheduler.sleep_for(nap());
    waited_ = waited_ + nap();
  }
}

void Coordinator::resend_overdue(Instant now) {
  for (std::size_t i = 0; i < window_.size() && elected(); ++i) {
    Slot& slot = window_[i];
    if (slot.chosen || slot.resend_at > now) continue;
    w_.ports.tracer.reach(Point::kWriteResent);
    slot.resend = std::min(slot.resend * 2, w_.options.resend_max);
    slot.resend_at = now + slot.resend;
    resend(slot);
  }
}

void Coordinator::on_implicit_promise(Ballot ballot) {
  if (ballot <= ballot_) return;
  superseded_ = true;
  if (!elected() || w_.options.mesos_compat.d3) return;
  w_.ports.tracer.reach(Point::kStepDownPromise);
  step_down(Failure::kHigherPromise);
}

void Coordinator::on_learned(Position position) {
  // Its own positions leave the window before the replica learns them.
  if (!elected() || position <= acknowledged_ || w_.options.mesos_compat.d3) return;
  w_.ports.tracer.reach(Point::kStepDownLearned);
  step_down(Failure::kLearned);
}

void Coordinator::on_chosen_heard(const ChosenUpto& chosen) {
  if (!elected() || chosen.ballot <= ballot_ || w_.options.mesos_compat.d3) return;
  w_.ports.tracer.reach(Point::kStepDownPair);
  step_down(Failure::kHigherPair);
}

}  // namespace holdfast
