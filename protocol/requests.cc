#include "protocol/requests.h"

#include "protocol/points.h"

namespace holdfast {

void Requests::on_reply(NodeId from, RequestId id, Message& reply) {
  const auto it = open_.find(id);
  if (it == open_.end()) {
    tracer_.reach(Point::kStaleAnswer);
    return;
  }
  // A copy, because the sink may close its request.
  const Sink sink = it->second;
  sink(from, reply);
}

}  // namespace holdfast
