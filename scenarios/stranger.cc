#include "scenarios/stranger.h"

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "protocol/env/hash.h"

#include "protocol/codec/codec.h"

namespace holdfast::scenarios {
namespace {

// How far from the end it may speak of.
constexpr std::uint64_t kReach = 8;
constexpr Ballot kHighest{std::numeric_limits<std::uint64_t>::max() >> 1};

Action lie(Position position, Value value) {
  return {.position = position,
          .promised = kHighest,
          .performed = kHighest,
          .learned = true,
          .value = std::move(value)};
}

Message harmful(Position near, std::uint64_t draw) {
  const Position position = near + mix(draw, 1) % kReach;
  const Value value = Value::append(std::make_shared<const std::string>("nobody wrote this"), {});
  switch (mix(draw, 2) % 4) {
    case 0:
      return PromiseRequest{
          .ballot = kHighest,
      };
    case 1:
      return WriteRequest{.ballot = kHighest, .position = position, .value = value};
    case 2:
      return Learned{lie(position, value)};
    default:
      return Learned{lie(position, Value::truncate(position))};
  }
}

}  // namespace

Frame strange_frame(const NodeOptions& options, Position near, std::uint64_t draw) {
  Envelope envelope{.cluster = options.cluster,
                    .log = options.log,
                    .config = options.membership.digest(),
                    .sender = options.self,
                    .boot = {mix(draw, 3)},
                    .request = {mix(draw, 4)},
                    .body = harmful(near, draw)};
  switch (mix(draw, 5) % 4) {
    case 0:
      ++envelope.cluster;
      break;
    case 1:
      ++envelope.log;
      break;
    case 2:
      ++envelope.config;
      break;
    default:
      envelope.sender = NodeId{9};
      break;
  }
  return Codec().encode(envelope);
}

}  // namespace holdfast::scenarios
