#include "real/server/grpc/calls.h"

#include <algorithm>
#include <chrono>

namespace holdfast::real::grpc_api {
namespace {

// Of clients that name no deadline; and of what a stream asks for at a time.
constexpr Duration kPatience = Duration::seconds(10);
constexpr Duration kPatienceMax = Duration::seconds(3600);
// A wait for what is not learned is asked for so long at a time: nobody tells the member that a
// client has gone.
constexpr Duration kWait = Duration::seconds(10);
// Before a read that the member had no time for is tried again.
constexpr Duration kPause = Duration::milliseconds(20);

Duration until(std::chrono::system_clock::time_point deadline) {
  if (deadline == std::chrono::system_clock::time_point::max()) return kPatience;
  const auto left = deadline - std::chrono::system_clock::now();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  return Duration::milliseconds(
      std::clamp<std::int64_t>(milliseconds, 1, kPatienceMax.ns() / 1'000'000));
}

}  // namespace

// --- what calls have in common

bool Calls::add(const std::shared_ptr<Call>& call) {
  const std::lock_guard lock(mutex_);
  calls_.insert(call);
  return !stopped_;
}

void Calls::remove(const std::shared_ptr<Call>& call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
}

void Calls::stop() {
  std::set<std::shared_ptr<Call>> all;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    all = calls_;
  }
  for (const auto& call : all)
    call->fail({.kind = ErrorKind::kStopping, .text = "the member ends"});
}

void Calls::ask(const std::shared_ptr<Call>& call,
                Request request,
                std::function<void(const Response&)> answered) {
  if (winding_down_) {
    return answered(
        {0, Failed{.kind = ErrorKind::kStopping, .text = "the member is about to end"}});
  }
  const bool writes = std::holds_alternative<AppendRequest>(request.body) ||
                      std::holds_alternative<TruncateRequest>(request.body);
  waiting_ += writes ? 1 : 0;
  handle_(std::move(request),
          [this, writes, weak = std::weak_ptr(call), answered = std::move(answered)](
              const Response& response) {
            waiting_ -= writes ? 1 : 0;
            if (const auto alive = weak.lock()) answered(response);
          });
}

void Call::end(const grpc::Status& status) {
  if (std::exchange(ended_, true)) return;
  finish(status);
}

void Call::fail(const Failed& failed) {
  if (ended_) return;
  v1::Failure failure;
  fill(failure, failed, calls_.config());
  context_.AddTrailingMetadata(kFailureKey, failure.SerializeAsString());
  end(status_of(failed));
}

Duration Call::patience() const {
  return until(context_.deadline());
}

void Call::ask(decltype(Request::body) body,
               Duration patience,
               std::function<void(const Response&)> answered) {
  calls_.ask(shared_from_this(),
             {.id = 0, .patience = patience, .body = std::move(body)},
             [this, answered = std::move(answered)](const Response& response) {
               if (!ended_) answered(response);
             });
}

// --- reading

ReadCall::ReadCall(Calls& calls, grpc::CallbackServerContext& context, const Reading& reading)
    : WriterCall(calls, context),
      reading_(reading),
      again_(calls.loop(), [this] { read_on(); }) {}

void ReadCall::begin() {
  if (reading_.wrong) return fail(*reading_.wrong);
  reading_.await ? await_first() : catch_up_first();
}

void ReadCall::await_first() {
  const Duration left = patience();
  const bool again = left > kWait;
  ask(ReadRequest{reading_.await, reading_.await, reading_.await},
      std::min(left, kWait),
      [this, again](const Response& response) {
        const auto* failed = std::get_if<Failed>(&response.body);
        // What was waited for may be truncated: the range decides whether that matters.
        if (failed == nullptr || failed->kind == ErrorKind::kTruncated) return catch_up_first();
        if (again && failed->kind == ErrorKind::kNotCaughtUp) return await_first();
        fail(*failed);
      });
}

void ReadCall::catch_up_first() {
  if (!reading_.linearizable) return choose_range();
  ask(CatchupRequest{}, [this](const Response& response) {
    if (const auto* failed = std::get_if<Failed>(&response.body)) return fail(*failed);
    choose_range();
  });
}

void ReadCall::choose_range() {
  ask(StatusRequest{}, [this](const Response& response) {
    if (const auto* failed = std::get_if<Failed>(&response.body)) return fail(*failed);
    take_range(std::get<MemberStatus>(response.body));
  });
}

void ReadCall::take_range(const MemberStatus& status) {
  const Position after = status.learned ? status.learned->next() : status.begin;
  next_ = reading_.from.value_or(reading_.follow ? after : status.begin);
  if (reading_.to) {
    last_ = *reading_.to;
  } else if (after > next_) {
    last_ = after.previous();
  } else if (reading_.follow) {
    // Of what is to come, the first.
    last_ = next_;
  } else {
    return end(grpc::Status::OK);
  }
  read_on();
}

void ReadCall::read_on() {
  if (ended()) return;
  const auto await = reading_.follow ? std::optional(next_) : std::nullopt;
  ask(ReadRequest{next_, last_, await},
      reading_.follow ? std::min(patience(), kWait) : patience(),
      [this, to = last_](const Response& response) { take_page(response, to); });
}

void ReadCall::take_page(const Response& response, Position to) {
  if (const auto* failed = std::get_if<Failed>(&response.body)) {
    if (failed->kind == ErrorKind::kOverloaded) {
      again_.set(calls().loop().now() + kPause);
    } else if (reading_.follow && failed->kind == ErrorKind::kNotCaughtUp) {
      // Nothing came.
      read_on();
    } else {
      fail(*failed);
    }
    return;
  }
  const auto& page = std::get<Entries>(response.body);
  next_ = page.next.value_or(to.next());
  page_.Clear();
  fill(page_, page);
  page_.set_next(next_.value);
  StartWrite(&page_);
}

void ReadCall::written() {
  if (next_ <= last_) return read_on();
  if (!reading_.follow) return end(grpc::Status::OK);
  reading_.from = next_;
  choose_range();
}

// --- appending

void AppendStreamCall::take() {
  reading_ = false;
  const int count = incoming_.entries_size();
  batches_.push_back(std::make_unique<Batch>());
  Batch& batch = *batches_.back();
  batch.missing = count;
  for (int i = 0; i < count; ++i)
    batch.response.add_results();
  entries_ += static_cast<std::size_t>(count);
  const Duration patience =
      incoming_.patience_ms() == 0 ? kPatience : Duration::milliseconds(incoming_.patience_ms());
  for (int i = 0; i < count; ++i) {
    calls().ask(shared_from_this(),
                {.id = 0,
                 .patience = std::min(patience, kPatienceMax),
                 .body = request_of(std::move(*incoming_.mutable_entries(i)))},
                [this, &batch, i](const Response& response) { answered(batch, i, response); });
  }
  write_on();
  read_on();
}

void AppendStreamCall::answered(Batch& batch, int index, const Response& response) {
  if (ended()) return;
  v1::AppendResult& result = *batch.response.mutable_results(index);
  if (const auto* failed = std::get_if<Failed>(&response.body)) {
    fill(*result.mutable_failure(), *failed, calls().config());
  } else {
    result.set_position(std::get<Written>(response.body).position.value);
  }
  if (--batch.missing == 0) write_on();
}

void AppendStreamCall::write_on() {
  if (writing_ || batches_.empty() || batches_.front()->missing > 0) return;
  writing_ = true;
  StartWrite(&batches_.front()->response);
}

void AppendStreamCall::written() {
  writing_ = false;
  entries_ -= static_cast<std::size_t>(batches_.front()->response.results_size());
  batches_.pop_front();
  write_on();
  read_on();
  if (half_closed_ && batches_.empty()) end(grpc::Status::OK);
}

void AppendStreamCall::read_on() {
  if (reading_ || half_closed_ || entries_ >= kEntriesMax || batches_.size() >= kBatchesMax) return;
  reading_ = true;
  StartRead(&incoming_);
}

void AppendStreamCall::half_closed() {
  half_closed_ = true;
  if (batches_.empty()) end(grpc::Status::OK);
}

}  // namespace holdfast::real::grpc_api
