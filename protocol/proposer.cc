#include "protocol/proposer.h"

#include <algorithm>
#include <utility>

#include "protocol/events.h"
#include "protocol/fiber/stack_note.h"
#include "protocol/state_names.h"

namespace holdfast {
namespace {

// How many answers of each kind, and whether they decide the phase.
struct Tally {
  std::size_t members = 0;
  std::size_t quorum = 0;
  std::size_t accepts = 0;
  std::size_t rejects = 0;
  std::size_t ignores = 0;
  std::size_t truncates = 0;
  bool learned = false;

  void count(Answer answer) {
    switch (answer) {
      case Answer::kAccept:
        ++accepts;
        return;
      case Answer::kReject:
        ++rejects;
        return;
      case Answer::kIgnored:
        ++ignores;
        return;
      case Answer::kTruncated:
        ++truncates;
        return;
    }
  }

  // None: wait for more.  A refusal decides only with a quorum of votes or when no quorum of
  // accepts can come any more, so that one far-sighted member cannot stop the others at once.
  std::optional<Phase> decided() const {
    if (learned) return Phase::kLearned;
    if (truncates > 0) return Phase::kTruncated;
    if (accepts >= quorum) return Phase::kAccepted;
    if (rejects > 0 && accepts + rejects >= quorum) return Phase::kRejected;
    if (members - ignores < quorum) return Phase::kIgnored;
    if (members - ignores - rejects < quorum) return Phase::kRejected;
    return std::nullopt;
  }
};

template <typename Reply, typename Learned>
Tally tally(const Configuration& configuration,
            const std::vector<std::pair<NodeId, Reply>>& replies,
            Learned learned) {
  Tally tally{.members = configuration.members.size(), .quorum = configuration.quorum()};
  for (const auto& [from, reply] : replies) {
    // An outcome instead of a vote (D6): no vote is counted, none is needed.
    if (learned(reply)) {
      tally.learned = true;
    } else {
      tally.count(reply.answer);
    }
  }
  return tally;
}

bool says_learned(const PromiseReply& reply) {
  return reply.action && reply.action->learned;
}

bool says_learned(const WriteReply& reply) {
  return reply.learned.has_value();
}

void merge(const PromiseReply& reply, PromiseOutcome& outcome) {
  if (reply.answer == Answer::kReject) outcome.ballot = std::max(outcome.ballot, reply.ballot);
  if (reply.answer == Answer::kTruncated || reply.answer == Answer::kAccept) {
    outcome.begin = std::max(outcome.begin, reply.begin);
    outcome.end = std::max(outcome.end, reply.end);
  }
  if (!reply.action || reply.answer != Answer::kAccept) return;
  const bool better =
      !outcome.action || reply.action->learned ||
      (!outcome.action->learned && outcome.action->performed < reply.action->performed);
  if (better) outcome.action = reply.action;
}

}  // namespace

void Proposer::ask_self(RequestId request, const Message& message) {
  const Asker self{w_.options.self, w_.peers.boot(), request};
  if (const auto* promise = std::get_if<PromiseRequest>(&message)) {
    w_.replica.on_promise(self, *promise);
  } else if (const auto* write = std::get_if<WriteRequest>(&message)) {
    w_.replica.on_write(self, *write);
  } else {
    w_.replica.on_recover(self, std::get<RecoverRequest>(message));
  }
}

template <typename Reply, typename Enough>
bool Proposer::call(const Message& message,
                    Instant deadline,
                    Gather<Reply>& gather,
                    Enough enough) {
  OpenRequest request(
      w_.requests,
      [&](const Speaker& from, Message& reply) {
        auto* expected = std::get_if<Reply>(&reply);
        if (expected == nullptr) return;
        if (!gather.offer(from.node, std::move(*expected))) {
          w_.ports.tracer.reach(Point::kDuplicateAnswer);
        }
      },
      [&](NodeId member) { gather.forget(member); });
  Duration resend = w_.options.resend_min;
  while (true) {
    if (!gather.answered(w_.options.self)) ask_self(request.id(), message);
    w_.peers.broadcast(request.id(), message, [&](NodeId id) { return !gather.answered(id); });
    const StackNote note(w_.scheduler, "call", [&](StateHash& hash) {
      add_to(hash, message);
      hash.add(request.id());
      hash.add(deadline);
      hash.add(resend);
      add_answers(hash, gather.replies());
    });
    const NotedWait wait(w_.scheduler, "for answers");
    const Instant again = std::min(deadline, w_.scheduler.now() + resend);
    if (gather.wait_until(again, enough)) return true;
    if (w_.scheduler.now() >= deadline) return false;
    resend = std::min(resend * 2, w_.options.resend_max);
  }
}

PromiseOutcome Proposer::promise(Ballot ballot,
                                 std::optional<Position> position,
                                 Instant deadline) {
  return promise(PromiseRequest{ballot, position}, deadline);
}

PromiseOutcome Proposer::settle(Ballot ballot, Position end, Instant deadline) {
  return promise(PromiseRequest{.ballot = ballot, .position = {}, .settles = end}, deadline);
}

PromiseOutcome Proposer::promise(const PromiseRequest& request, Instant deadline) {
  const Configuration& configuration =
      w_.options.membership.at(request.position.value_or(Position{}));
  Gather<PromiseReply> gather(w_.scheduler);
  const auto learned = [](const PromiseReply& reply) { return says_learned(reply); };
  call(request, deadline, gather, [&](const auto& replies) {
    return tally(configuration, replies, learned).decided().has_value();
  });
  PromiseOutcome outcome;
  for (const auto& [from, reply] : gather.replies())
    merge(reply, outcome);
  outcome.phase =
      tally(configuration, gather.replies(), learned).decided().value_or(Phase::kTimedOut);
  w_.ballots.observe(outcome.ballot);
  return outcome;
}

WriteOutcome Proposer::write(Ballot ballot,
                             Position position,
                             const Value& value,
                             Instant deadline) {
  const Configuration& configuration = w_.options.membership.at(position);
  w_.ports.tracer.record(EventKind::kProposed,
                         {position.value, ballot.value, event_flags(value, false), value.digest()});
  Gather<WriteReply> gather(w_.scheduler);
  const auto learned = [](const WriteReply& reply) { return says_learned(reply); };
  call(WriteRequest{ballot, position, value}, deadline, gather, [&](const auto& replies) {
    return tally(configuration, replies, learned).decided().has_value();
  });
  WriteOutcome outcome;
  for (const auto& [from, reply] : gather.replies()) {
    if (reply.answer == Answer::kReject) outcome.ballot = std::max(outcome.ballot, reply.ballot);
    if (reply.answer == Answer::kTruncated) outcome.begin = std::max(outcome.begin, reply.begin);
    if (reply.learned) outcome.action = reply.learned;
  }
  outcome.phase =
      tally(configuration, gather.replies(), learned).decided().value_or(Phase::kTimedOut);
  if (outcome.phase == Phase::kAccepted) {
    w_.ports.tracer.record(
        EventKind::kChosen,
        {position.value, ballot.value, event_flags(value, false), value.digest()});
  }
  w_.ballots.observe(outcome.ballot);
  return outcome;
}

void Proposer::learn_everywhere(Action action) {
  action.learned = true;
  w_.replica.on_learned(action);
  w_.peers.broadcast(RequestId{}, Learned{std::move(action)});
}

void Proposer::skip_truncated(Position position, const Begin& begin) {
  const bool one_by_one = w_.options.mesos_compat.d8;
  w_.replica.on_truncated(one_by_one ? Begin{position.next(), std::nullopt} : begin);
}

bool Proposer::fill(Position position, const Patience& patience) {
  // Rivals for one position get in each other's way until one of them finishes between two attempts
  // of the others.  How long that takes depends on how many there are, so the pauses grow.
  constexpr std::int64_t kBackoffGrowthMax = 64;
  std::int64_t growth = 1;
  const StackNote note(w_.scheduler, "fill", [&](StateHash& hash) {
    hash.add(position);
    hash.add(patience.deadline);
    hash.add(static_cast<std::uint64_t>(growth));
  });
  while (w_.replica.image().missing(position)) {
    if (patience.over(w_.scheduler.now())) return false;
    if (fill_once(position, patience)) {
      // Learned; or truncated, which is known once the tombstone is durable.
      const NotedWait wait(w_.scheduler, "until it is known");
      maybe(w_.replica.progress().await_until(
          patience.deadline, [&] { return !w_.replica.image().missing(position); }));
      continue;
    }
    const Duration backoff = w_.options.backoff * growth;
    growth = std::min(growth * 2, kBackoffGrowthMax);
    const Duration pause = w_.ports.random.between(RandomStream::kBackoff, backoff, backoff * 2);
    const NotedWait wait(w_.scheduler, "to try again");
    w_.scheduler.sleep_until(std::min(patience.deadline, w_.scheduler.now() + pause));
  }
  return true;
}

// A later election found nothing chosen here, and none of its quorum votes below its ballot any
// more: what an earlier coordinator wrote is void.  Its client may have appended it again since.
bool Proposer::is_void(Position position, const Action& vote) const {
  if (w_.options.mesos_compat.d14) return false;
  const ChosenUpto& settled = w_.peers.chosen();
  return position > settled.upto && vote.performed < settled.ballot;
}

// One attempt under a ballot of its own.
bool Proposer::fill_once(Position position, const Patience& patience) {
  Tracer& tracer = w_.ports.tracer;
  const Ballot ballot = w_.ballots.next();
  // The disk may have taken longer than anybody waits for the outcome: then the ballot would only
  // stand in somebody else's way.
  if (patience.over(w_.scheduler.now())) return false;
  const Instant deadline = patience.deadline;
  const StackNote note(w_.scheduler, "ballot", [&](StateHash& hash) { hash.add(ballot); });
  PromiseOutcome promised = promise(ballot, position, deadline);
  switch (promised.phase) {
    case Phase::kLearned:
      tracer.reach(Point::kFillLearned);
      learn_everywhere(std::move(*promised.action));
      return true;
    case Phase::kTruncated:
      tracer.reach(Point::kFillTruncated);
      skip_truncated(position, promised.begin);
      return true;
    case Phase::kRejected:
      tracer.reach(Point::kFillRejected);
      return false;
    case Phase::kIgnored:
    case Phase::kTimedOut:
      return false;
    case Phase::kAccepted:
      break;
  }
  if (promised.action && is_void(position, *promised.action)) {
    tracer.reach(Point::kFillVoid);
    promised.action.reset();
  }
  // PMS P2c: the value of the highest ballot among a quorum's answers, or any if there is none.
  tracer.reach(promised.action ? Point::kFillAdopts : Point::kFillNop);
  const Value value = promised.action ? *promised.action->value : Value::nop();
  WriteOutcome written = write(ballot, position, value, deadline);
  switch (written.phase) {
    case Phase::kAccepted:
      learn_everywhere(
          {.position = position, .promised = ballot, .performed = ballot, .value = value});
      return true;
    case Phase::kLearned:
      learn_everywhere(std::move(*written.action));
      return true;
    case Phase::kTruncated:
      tracer.reach(Point::kFillTruncated);
      skip_truncated(position, written.begin);
      return true;
    case Phase::kRejected:
      tracer.reach(Point::kFillRejected);
      return false;
    case Phase::kIgnored:
    case Phase::kTimedOut:
      return false;
  }
  HOLDFAST_UNREACHABLE("phase");
}

void add_to(StateHash& hash, const Proposer::Testimony& testimony) {
  hash.add(testimony.member);
  hash.add(testimony.boot);
  hash.add(testimony.incarnation);
  hash.add(testimony.knows_voting);
  add_to(hash, Message(testimony.reply));
}

std::vector<Proposer::Testimony> Proposer::interview(const RecoverRequest& request,
                                                     Instant deadline,
                                                     const Until& enough,
                                                     Witnesses witnesses) {
  std::vector<Testimony> heard;
  Event answered(w_.scheduler);
  const auto known = [&](NodeId id) {
    return std::ranges::find(heard, id, &Testimony::member) != heard.end();
  };
  OpenRequest open(
      w_.requests,
      [&](const Speaker& from, Message& message) {
        auto* reply = std::get_if<RecoverReply>(&message);
        if (reply == nullptr) return;
        const bool counts = w_.peers.counts(from.node, from.incarnation, message);
        if (!counts && witnesses == Witnesses::kCounted) return;
        if (known(from.node)) {
          w_.ports.tracer.reach(Point::kDuplicateAnswer);
          return;
        }
        // By member, so that nothing depends on who was faster.
        const auto after =
            std::ranges::find_if(heard, [&](const Testimony& t) { return from.node < t.member; });
        heard.insert(after, {from.node, from.boot, from.incarnation, from.knows_voting, *reply});
        answered.notify_all();
      },
      [&](NodeId member) {
        if (witnesses == Witnesses::kAny) return;
        std::erase_if(heard, [member](const Testimony& t) { return t.member == member; });
      });
  Duration resend = w_.options.resend_min;
  while (true) {
    if (!known(w_.options.self)) ask_self(open.id(), request);
    w_.peers.broadcast(open.id(), request, [&](NodeId id) { return !known(id); });
    const StackNote note(w_.scheduler, "interview", [&](StateHash& hash) {
      add_to(hash, request);
      hash.add(witnesses);
      hash.add(open.id());
      hash.add(deadline);
      hash.add(resend);
      hash.add(heard.size());
      for (const Testimony& testimony : heard)
        add_to(hash, testimony);
    });
    const NotedWait wait(w_.scheduler, "for testimonies");
    const Instant again = std::min(deadline, w_.scheduler.now() + resend);
    const bool over = answered.await_until(again, [&] { return enough(heard); });
    if (over || w_.scheduler.now() >= deadline) return heard;
    resend = std::min(resend * 2, w_.options.resend_max);
  }
}

std::optional<Proposer::Bounds> Proposer::recover_bounds(Instant deadline) {
  const std::size_t quorum = w_.options.membership.at(Position{}).quorum();
  const auto enough = [&](const std::vector<Testimony>& heard) {
    return static_cast<std::size_t>(std::ranges::count(
               heard, Status::kVoting, [](const Testimony& t) { return t.reply.status; })) >=
           quorum;
  };
  const StackNote note(w_.scheduler, "bounds", [](StateHash&) {});
  const std::vector<Testimony> heard = interview({}, deadline, enough);
  if (!enough(heard)) return std::nullopt;
  std::optional<Bounds> bounds;
  for (const Testimony& t : heard) {
    if (t.reply.status != Status::kVoting) continue;
    if (!bounds) bounds = Bounds{t.reply.begin, t.reply.end};
    bounds->begin = std::min(bounds->begin, t.reply.begin);
    bounds->end = std::max(bounds->end, t.reply.end);
  }
  return bounds;
}

void Proposer::fetch(const FetchRequest& request,
                     Instant deadline,
                     const std::function<bool(NodeId)>& wanted,
                     const std::function<bool(FetchReply&)>& sink) {
  std::size_t expected = 0;
  for (const NodeId id : w_.options.membership.at(request.from).members) {
    if (id != w_.options.self && wanted(id)) ++expected;
  }
  if (expected == 0) return;
  Event answered(w_.scheduler);
  std::vector<NodeId> heard;
  bool enough = false;
  const auto take = [&](const Speaker& from, Message& message) {
    auto* reply = std::get_if<FetchReply>(&message);
    if (reply == nullptr) return;
    if (std::find(heard.begin(), heard.end(), from.node) != heard.end()) {
      w_.ports.tracer.reach(Point::kDuplicateAnswer);
      return;
    }
    heard.push_back(from.node);
    enough = sink(*reply) || enough;
    answered.notify_all();
  };
  // What is learned is true whoever says it: nothing is forgotten.
  OpenRequest open(w_.requests, take, [](NodeId) {});
  w_.peers.broadcast(open.id(), request, wanted);
  const StackNote note(w_.scheduler, "fetch", [&](StateHash& hash) {
    hash.add(open.id());
    hash.add(deadline);
    hash.add(std::uint64_t{enough});
    std::vector<NodeId> members = heard;
    std::ranges::sort(members);
    for (const NodeId member : members)
      hash.add(member);
  });
  const NotedWait wait(w_.scheduler, "for actions");
  maybe(answered.await_until(deadline, [&] { return enough || heard.size() >= expected; }));
}

}  // namespace holdfast
