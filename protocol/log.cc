#include "protocol/log.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "protocol/fiber/stack_note.h"

namespace holdfast {

Position Log::Reader::beginning() const {
  return w_.replica.image().begin().position;
}

std::optional<Position> Log::Reader::ending() const {
  return w_.replica.image().end();
}

std::optional<Position> Log::Reader::learned() const {
  const Position missing = w_.replica.image().first_missing(Position{});
  if (missing <= beginning()) return std::nullopt;
  return missing.previous();
}

std::optional<ReadError> Log::Reader::refuse(Position from, Position to) const {
  using Kind = ReadError::Kind;
  const LogImage& image = w_.replica.image();
  Tracer& tracer = w_.ports.tracer;
  if (to < from) return ReadError{Kind::kBadRange, from};
  if (from < image.begin().position) {
    tracer.reach(Point::kReadTruncated);
    return ReadError{Kind::kTruncated, from};
  }
  if (!image.end() || to > *image.end()) {
    tracer.reach(Point::kReadPastEnd);
    return ReadError{Kind::kPastEnd, to};
  }
  const Position missing = image.first_missing(from);
  if (missing > to) return std::nullopt;
  if (image.find(missing) != nullptr) {
    tracer.reach(Point::kReadPending);
    return ReadError{Kind::kPending, missing};
  }
  tracer.reach(Point::kReadMissing);
  return ReadError{Kind::kMissing, missing};
}

ReadResult<std::vector<Entry>> Log::Reader::read(Position from, Position to) {
  if (const auto error = refuse(from, to)) return tl::unexpected(*error);
  std::vector<Entry> entries;
  Position at = from;
  while (true) {
    Replica::LearnedRange range = w_.replica.read_learned(at, to, w_.options.fetch_bytes_max);
    if (from < w_.replica.image().begin().position) {
      w_.ports.tracer.reach(Point::kReadRaced);
      return tl::unexpected(ReadError{ReadError::Kind::kTruncated, from});
    }
    // Every position was learned when the read began and none was truncated since.
    HOLDFAST_CHECK(range.actions.size() == range.upto.value - at.value + 1, at, range.upto);
    for (Action& action : range.actions) {
      // Read from the disk while begin, durable already, had not yet moved in memory.
      if (action.value->tombstone) {
        w_.ports.tracer.reach(Point::kReadRaced);
        return tl::unexpected(ReadError{ReadError::Kind::kTruncated, from});
      }
      if (action.value->type != ValueType::kAppend) continue;
      entries.push_back({action.position, std::move(action.value->bytes), action.value->key});
    }
    if (range.upto >= to) return entries;
    at = range.upto.next();
  }
}

// Asks without a ballot: what nobody who answers has learned is for a coordinator to finish.
std::optional<ReadError> Log::Reader::learn_to(Position to, Instant deadline, Unlearned unlearned) {
  const LogImage& image = w_.replica.image();
  bool followed = false;
  const StackNote note(w_.scheduler, "learn", [&](StateHash& hash) {
    hash.add(to);
    hash.add(deadline);
    hash.add(unlearned);
    hash.add(std::uint64_t{followed});
  });
  const auto wait_for = [&](std::string_view site, Duration pause) {
    const Instant until = std::min(deadline, w_.scheduler.now() + pause);
    const NotedWait wait(w_.scheduler, site);
    maybe(w_.replica.progress().await_until(until,
                                            [&] { return image.first_missing(Position{}) > to; }));
  };
  // What is missing is usually on its way.
  wait_for("on its way", w_.options.fetch_delay);
  while (image.first_missing(Position{}) <= to) {
    // What is known to be chosen this replica asks for anyway (CatchUp::follow).
    const ChosenUpto& chosen = w_.peers.chosen();
    followed = chosen.ballot != Ballot{} && to <= chosen.upto;
    if (!followed && catchup_.complete(to, CatchUp::Means::kFetch, {deadline, nullptr})) break;
    if (w_.scheduler.now() >= deadline) {
      return ReadError{ReadError::Kind::kNotCaughtUp, image.first_missing(Position{})};
    }
    if (!followed && unlearned == Unlearned::kClosed) {
      w_.ports.tracer.reach(Point::kBarrierCloses);
      w_.peers.broadcast(RequestId{}, CloseRequest{to});
      coordinator_.close(to);
    }
    wait_for("not learned", w_.options.resend_min);
  }
  return std::nullopt;
}

ReadResult<void> Log::Reader::await(Position to, Duration patience) {
  if (w_.replica.image().first_missing(Position{}) > to) return {};
  w_.ports.tracer.reach(Point::kAwaitWaits);
  if (const auto error = learn_to(to, w_.scheduler.now() + patience, Unlearned::kWaitedFor))
    return tl::unexpected(*error);
  return {};
}

ReadResult<std::optional<Position>> Log::Reader::barrier(Duration patience) {
  const LogImage& image = w_.replica.image();
  const Position begin = image.first_missing(Position{});
  if (image.metadata().status != Status::kVoting) {
    return tl::unexpected(ReadError{ReadError::Kind::kNotVoting, begin});
  }
  const Instant deadline = w_.scheduler.now() + patience;
  // What the bounds are, later waits say.
  const StackNote note(w_.scheduler, "barrier", [&](StateHash& hash) { hash.add(begin); });
  const auto bounds = proposer_.recover_bounds(deadline);
  if (!bounds) {
    w_.ports.tracer.reach(Point::kBarrierFails);
    return tl::unexpected(ReadError{ReadError::Kind::kNoQuorum, begin});
  }
  // An end of 0 also means that there is no record; and no client's entry ever lies at 0.
  if (bounds->end == Position{} && image.missing(Position{})) return std::optional<Position>();
  if (image.first_missing(Position{}) <= bounds->end) {
    w_.ports.tracer.reach(Point::kBarrierWaits);
    if (const auto error = learn_to(bounds->end, deadline, Unlearned::kClosed)) {
      w_.ports.tracer.reach(Point::kBarrierFails);
      return tl::unexpected(*error);
    }
  }
  return std::optional(bounds->end);
}

ReadResult<Log::Reader::Copy> Log::Reader::copy(Duration patience) {
  const Instant deadline = w_.scheduler.now() + patience;
  while (true) {
    const StackNote note(w_.scheduler, "copy", [&](StateHash& hash) { hash.add(deadline); });
    const auto end = catchup(deadline - w_.scheduler.now());
    if (!end) return tl::unexpected(end.error());
    // Truncated beyond what the quorum knew: the log as of now has no entry.
    Copy copy{.begin = beginning(), .end = *end, .entries = {}};
    if (!*end || copy.begin > **end) return copy;
    auto entries = read(copy.begin, **end);
    if (entries) {
      copy.entries = std::move(*entries);
      return copy;
    }
    const bool overtaken = entries.error().kind == ReadError::Kind::kTruncated;
    if (!overtaken || w_.scheduler.now() >= deadline) return tl::unexpected(entries.error());
    w_.ports.tracer.reach(Point::kCopyRetried);
  }
}

ReadResult<std::optional<Position>> Log::Reader::catchup(Duration patience) {
  using Kind = ReadError::Kind;
  const LogImage& image = w_.replica.image();
  if (image.metadata().status != Status::kVoting) {
    return tl::unexpected(ReadError{Kind::kNotVoting, image.begin().position});
  }
  const Instant deadline = w_.scheduler.now() + patience;
  const Position begin = image.first_missing(Position{});
  const StackNote note(w_.scheduler, "catch-up", [&](StateHash& hash) {
    hash.add(begin);
    hash.add(deadline);
  });
  const auto bounds = proposer_.recover_bounds(deadline);
  if (!bounds) return tl::unexpected(ReadError{Kind::kNoQuorum, begin});
  // The answers carried the largest pair known.  Above it a value may be in flight, and a ballot
  // there would depose the coordinator.
  const ChosenUpto& chosen = w_.peers.chosen();
  if (chosen.ballot == Ballot{}) return learned();
  const Position upto = chosen.upto;
  if (!catchup_.complete(upto, CatchUp::Means::kFetchFill, {deadline, nullptr})) {
    return tl::unexpected(ReadError{Kind::kNotCaughtUp, image.first_missing(Position{})});
  }
  return std::optional(upto);
}

ElectResult Log::Writer::start() {
  term_ = 0;
  const ElectResult result = coordinator_->elect();
  if (result.ok()) term_ = result.term;
  return result;
}

WriteResult Log::Writer::append(Payload bytes, IdempotencyKey key) {
  return coordinator_->append(term_, std::move(bytes), key);
}

WriteResult Log::Writer::truncate(Position to) {
  return coordinator_->truncate(term_, to);
}

}  // namespace holdfast
