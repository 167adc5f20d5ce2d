#include "protocol/acceptor.h"

#include <algorithm>

namespace holdfast {
namespace {

PromiseStep implicit_promise(const AcceptorView& view, const PromiseRequest& request) {
  PromiseStep step;
  if (request.ballot < view.promised || view.overtaken) {
    step.reply.answer = Answer::kReject;
    step.reply.ballot = std::max(request.ballot, view.promised);
    return step;
  }
  if (request.settles) step.settled = ChosenUpto{request.ballot, *request.settles};
  step.reply.answer = Answer::kAccept;
  step.reply.ballot = request.ballot;
  step.reply.end = view.end;
  step.reply.begin = view.begin;
  if (request.ballot > view.promised) step.promised = request.ballot;
  return step;
}

PromiseStep explicit_promise(const AcceptorView& view, const PromiseRequest& request) {
  const Position position = *request.position;
  PromiseStep step;
  step.reply.ballot = request.ballot;
  if (position < view.begin.position) {
    step.reply.answer = Answer::kTruncated;
    step.reply.begin = view.begin;
    return step;
  }
  if (view.action && view.action->learned) {
    step.reply.answer = Answer::kAccept;
    step.reply.action = view.action;
    return step;
  }
  if (!view.action) {
    // The implicit promise covers a position never seen.  An equal ballot is no resend here: an
    // election's ballot is never used to ask for one position.
    if (request.ballot <= view.promised) {
      step.reply.answer = Answer::kReject;
      step.reply.ballot = view.promised;
      return step;
    }
    step.reply.answer = Answer::kAccept;
    step.record = Action{.position = position, .promised = request.ballot};
    return step;
  }
  if (request.ballot < view.action->promised) {
    step.reply.answer = Answer::kReject;
    step.reply.ballot = view.action->promised;
    return step;
  }
  step.reply.answer = Answer::kAccept;
  if (view.action->value) {
    step.reply.action = view.action;
    // Nothing to raise but with D1 switched back.  Whoever asks looks at `performed` alone, and no
    // message may carry a vote above its promise.
    step.reply.action->promised = std::max(view.action->promised, view.action->performed);
  }
  if (request.ballot > view.action->promised) {
    step.record = view.action;
    step.record->promised = request.ballot;
  }
  return step;
}

}  // namespace

PromiseStep on_promise(const AcceptorView& view, const PromiseRequest& request) {
  PromiseStep step;
  if (view.status != Status::kVoting) {
    step.reply.answer = Answer::kIgnored;
    step.reply.ballot = request.ballot;
  } else if (request.position) {
    HOLDFAST_CHECK(!view.action || view.action->position == *request.position);
    step = explicit_promise(view, request);
  } else {
    step = implicit_promise(view, request);
  }
  step.reply.position = request.position;
  return step;
}

WriteStep on_write(const AcceptorView& view, const WriteRequest& request) {
  WriteStep step;
  step.reply.position = request.position;
  step.reply.ballot = request.ballot;
  if (view.status != Status::kVoting) {
    step.reply.answer = Answer::kIgnored;
    return step;
  }
  if (request.position < view.begin.position) {
    step.reply.answer = Answer::kTruncated;
    step.reply.begin = view.begin;
    return step;
  }
  if (view.action) HOLDFAST_CHECK(view.action->position == request.position);
  if (view.action && view.action->learned) {
    // Performed at this very ballot: whatever Paxos chose under it is this write, so the vote may
    // be said again.  Otherwise the proposer is told the outcome instead of a vote (D6).
    step.reply.answer = Answer::kAccept;
    const bool stolen = view.mesos.d3 && *view.action->value != request.value;
    if (view.action->performed != request.ballot || stolen) step.reply.learned = view.action;
    return step;
  }
  const Ballot promised = view.action ? view.action->promised : view.promised;
  if (request.ballot < promised) {
    step.reply.answer = Answer::kReject;
    step.reply.ballot = promised;
    return step;
  }
  step.reply.answer = Answer::kAccept;
  if (view.action && view.action->performed == request.ballot) {
    // A resend.  Two values under one ballot would mean that a proposer broke its promise never to
    // use a ballot twice, and nothing said so far could be trusted.
    const bool resend = *view.action->value == request.value;
    HOLDFAST_CHECK(resend || view.mesos.d3, request.position, request.ballot);
    if (resend) return step;
  }
  step.record = Action{.position = request.position,
                       .promised = view.mesos.d1 ? promised : std::max(promised, request.ballot),
                       .performed = request.ballot,
                       .learned = false,
                       .value = request.value};
  return step;
}

}  // namespace holdfast
