#include "tools/load_run.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <poll.h>
#include <sys/resource.h>
#include <time.h>

#include "real/ports/monotonic.h"
#include "real/ports/os_random.h"

namespace holdfast::tools {
namespace {

using real::monotonic_now;

constexpr Duration kTick = Duration::milliseconds(200);
// Open loop: beyond so many the cluster does not keep up, and this process would only grow.
constexpr std::size_t kUnderWayMax = 200'000;

Duration processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return Duration::microseconds(std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

}  // namespace

double LoadResult::throughput() const {
  return time > Duration()
             ? static_cast<double>(latencies.count()) * 1e9 / static_cast<double>(time.ns())
             : 0;
}

LoadRun::LoadRun(LoadOptions options) : options_(std::move(options)) {
  real::OsRandom random;
  client_ = random.draw(RandomStream::kWorkload);
}

LoadResult LoadRun::run(const std::function<bool(const LoadResult& so_far)>& go_on) {
  for (std::size_t i = 0; i < options_.connections; ++i)
    streams_.push_back(std::make_unique<real::AppendStream>(options_.client, options_.patience));
  began_ = monotonic_now();
  from_ = began_ + options_.warm_up;
  to_ = from_ + options_.time;
  if (options_.rate == 0) {
    for (std::size_t i = 0; i < options_.outstanding; ++i)
      append(*streams_[i % streams_.size()], began_);
  }
  Duration processor;
  bool counted = false;
  Instant next_tick = began_ + kTick;
  while (!ending_) {
    const Instant now = monotonic_now();
    if (!counted && now >= from_) {
      counted = true;
      processor = processor_time();
    }
    if (now >= next_tick) {
      next_tick = now + kTick;
      result_.time = std::max(std::min(now, to_) - from_, Duration());
      if (!go_on(result_)) to_ = std::min(to_, now);
    }
    if (options_.rate > 0) append_due(now);
    if (now >= to_ || result_.overloaded) break;
    wait(std::min(next_tick, to_));
  }
  const Instant ended = std::min(monotonic_now(), to_);
  result_.time = std::max(ended - from_, Duration());
  if (counted) result_.processor = processor_time() - processor;
  ending_ = true;
  while (under_way() > 0)
    wait(monotonic_now() + kTick);
  return std::move(result_);
}

void LoadRun::append(real::AppendStream& stream, Instant due) {
  std::string entry(options_.bytes, 'x');
  const std::string number = std::to_string(++sequence_);
  entry.replace(0, std::min(number.size(), entry.size()), number, 0, entry.size());
  stream.append(std::move(entry), {client_, sequence_}, [this, &stream, due](const auto& result) {
    take(due, result);
    if (options_.rate == 0 && !ending_) append(stream, monotonic_now());
  });
}

void LoadRun::append_due(Instant now) {
  const auto due_at = [this](std::uint64_t number) {
    const double seconds = static_cast<double>(number) / static_cast<double>(options_.rate);
    return began_ + Duration::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  };
  for (; due_at(sent_) <= std::min(now, to_); ++sent_)
    append(*streams_[sent_ % streams_.size()], due_at(sent_));
  result_.overloaded = under_way() > kUnderWayMax;
}

// Until something can be sent or read, or then.
void LoadRun::wait(Instant until) {
  std::vector<pollfd> handles;
  for (const auto& stream : streams_) {
    stream->progress();
    until = std::min(until, stream->wake_at());
    if (stream->handle() < 0) continue;
    handles.push_back({.fd = stream->handle(), .events = stream->events(), .revents = 0});
  }
  if (options_.rate > 0 && !ending_) {
    until = std::min(until, monotonic_now() + Duration::microseconds(100));
  }
  const Duration left = std::max(until - monotonic_now(), Duration());
  const timespec time{.tv_sec = left.ns() / 1'000'000'000, .tv_nsec = left.ns() % 1'000'000'000};
  ::ppoll(handles.data(), handles.size(), &time, nullptr);
  for (const auto& stream : streams_)
    stream->progress();
}

void LoadRun::take(Instant due, const real::ClientResult<Position>& result) {
  const Instant now = monotonic_now();
  const Instant counts_from = options_.rate > 0 ? due : now;
  if (counts_from < from_ || counts_from > to_) return;
  if (result) {
    result_.latencies.add(now - due);
  } else {
    ++result_.errors[std::string(real::error_name(result.error().kind))];
  }
}

std::size_t LoadRun::under_way() const {
  std::size_t sum = 0;
  for (const auto& stream : streams_)
    sum += stream->outstanding();
  return sum;
}

}  // namespace holdfast::tools
