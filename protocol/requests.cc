#include "protocol/requests.h"

#include "protocol/points.h"

namespace holdfast {

void Requests::on_reply(const Speaker& from, RequestId id, Message& reply) {
  const auto it = open_.find(id);
  if (it == open_.end()) {
    tracer_.reach(Point::kStaleAnswer);
    return;
  }
  // A copy, because the sink may close its request.
  const Sink sink = it->second.sink;
  sink(from, reply);
}

// Forgetting closes no request.
void Requests::on_succession(NodeId member) {
  for (auto& [id, open] : open_)
    open.forget(member);
}

}  // namespace holdfast
