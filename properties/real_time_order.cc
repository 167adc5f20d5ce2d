#include "properties/real_time_order.h"

#include <fmt/format.h>

namespace holdfast::properties {

RealTimeOrder::RealTimeOrder(const Bench& bench)
    : Judge(kRealTimeOrder,
            {EventKind::kAppendCalled,
             EventKind::kAppendReturned,
             EventKind::kTruncateCalled,
             EventKind::kTruncateReturned},
            bench) {}

void RealTimeOrder::on_event(const Event& e) {
  if (e.kind == EventKind::kAppendCalled || e.kind == EventKind::kTruncateCalled) {
    called(e);
  } else {
    returned(e);
  }
}

void RealTimeOrder::called(const Event& e) {
  Call& call = calls_.at(e.word(0));
  call = {.floor = acknowledged_, .number = ++numbers_[e.node.value], .again = false};
  if (e.kind != EventKind::kAppendCalled) return;
  // A value that is appended again may be that of the first call, whose floor is the lowest.
  const std::optional<Position>* first = floors_.find(e.word(1));
  if (first == nullptr) {
    floors_.at(e.word(1)) = acknowledged_;
  } else if (e.word(2) != 0 || e.word(3) != 0) {
    // Under a known key the position of the first is told.
    call.floor = *first;
    call.again = true;
  }
}

void RealTimeOrder::returned(const Event& e) {
  const OpResult result = OpResult::of(e);
  const Call* found = calls_.find(result.op);
  if (found == nullptr) return;
  const Call call = *found;
  calls_.erase(result.op);
  if (result.outcome != Outcome::kOk) return;
  const Position p = result.position;
  if (call.floor && p <= *call.floor) {
    violated(e,
             fmt::format("operation {} landed at position {}, but began after position {} was "
                         "acknowledged",
                         result.op,
                         p.value,
                         call.floor->value));
  }
  const Position frontier = facts().chosen().frontier();
  if (p >= frontier) {
    violated(e,
             fmt::format("operation {} was acknowledged at position {}, while position {} is not "
                         "chosen",
                         result.op,
                         p.value,
                         frontier.value));
  }
  if (!call.again) check_node_order(e, call, p);
  if (!acknowledged_ || *acknowledged_ < p) acknowledged_ = p;
}

void RealTimeOrder::check_node_order(const Event& e, const Call& call, Position p) {
  std::optional<Latest>& latest = latest_[e.node.value];
  if (latest && (latest->number < call.number) != (latest->position < p)) {
    violated(e,
             fmt::format("call {} of this node landed at position {}, its call {} at position {}",
                         call.number,
                         p.value,
                         latest->number,
                         latest->position.value));
  }
  if (!latest || latest->position < p) latest = Latest{.number = call.number, .position = p};
}

void RealTimeOrder::on_chosen(const Event& e, const Decision& decision) {
  if (decision.value.type() != ValueType::kAppend) return;
  const std::optional<Position>* floor = floors_.find(decision.value.digest);
  if (floor == nullptr || !*floor || decision.position > **floor) [[likely]]
    return;
  violated(e,
           fmt::format("append {:016x} is chosen at position {}, but began after position {} was "
                       "acknowledged",
                       decision.value.digest,
                       decision.position.value,
                       (*floor)->value));
}

}  // namespace holdfast::properties
