#include "protocol/log.h"

#include <algorithm>
#include <utility>

namespace holdfast {

std::string ReadError::text() const {
  const std::string at = " (position " + std::to_string(position.value) + ")";
  switch (kind) {
    case Kind::kBadRange:
      return "bad read range: it ends before it begins" + at;
    case Kind::kTruncated:
      return "bad read range: truncated position" + at;
    case Kind::kPastEnd:
      return "bad read range: past the end of the log" + at;
    case Kind::kPending:
      return "bad read range: includes a pending entry" + at;
    case Kind::kMissing:
      return "bad read range: includes a missing entry; catch up first" + at;
    case Kind::kNotVoting:
      return "this member does not vote and cannot tell what is chosen";
    case Kind::kNotCaughtUp:
      return "could not catch up in time" + at;
  }
  HOLDFAST_UNREACHABLE("read error");
}

Position Log::Reader::beginning() const {
  return w_.replica.image().begin().position;
}

std::optional<Position> Log::Reader::ending() const {
  return w_.replica.image().end();
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

ReadResult<std::optional<Position>> Log::Reader::catchup(Duration patience) {
  using Kind = ReadError::Kind;
  const LogImage& image = w_.replica.image();
  if (image.metadata().status != Status::kVoting) {
    return tl::unexpected(ReadError{Kind::kNotVoting, image.begin().position});
  }
  const Instant deadline = w_.scheduler.now() + patience;
  const Position begin = image.first_missing(Position{});
  const auto bounds = proposer_.recover_bounds(deadline);
  if (!bounds) return tl::unexpected(ReadError{Kind::kNotCaughtUp, begin});
  // The answers carried the largest pair known.  Above it a value may be in flight, and a ballot
  // there would depose the coordinator.
  const ChosenUpto& chosen = w_.peers.chosen();
  if (chosen.ballot == Ballot{}) {
    const Position missing = image.first_missing(Position{});
    if (missing == Position{}) return std::optional<Position>();
    return std::optional(missing.previous());
  }
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
