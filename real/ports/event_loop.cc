#include "real/ports/event_loop.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace holdfast::real {

namespace asio = boost::asio;

struct EventLoop::Impl {
  // One thread runs it, others post.
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::signal_set signals{context};
  std::function<void(int)> on_signal;

  void await_signal() {
    signals.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      on_signal(number);
      await_signal();
    });
  }
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}

EventLoop::~EventLoop() = default;

void EventLoop::post(std::function<void()> task) {
  asio::post(impl_->context, std::move(task));
}

void EventLoop::run_until(const std::function<bool()>& done) {
  while (!done())
    impl_->context.run_one();
}

void EventLoop::catch_signals(std::initializer_list<int> signals,
                              std::function<void(int)> on_signal) {
  for (const int number : signals)
    impl_->signals.add(number);
  impl_->on_signal = std::move(on_signal);
  impl_->await_signal();
}

asio::io_context& EventLoop::context() {
  return impl_->context;
}

// Shared with the wait that is under way, which may end after the timer is gone.
struct Timer::Impl : std::enable_shared_from_this<Timer::Impl> {
  Impl(asio::io_context& context, std::function<void()> on_fire)
      : timer(context),
        fired(std::move(on_fire)) {}

  asio::steady_timer timer;
  std::function<void()> fired;
  bool set = false;
  // Tells the present wait from those it replaced: one that already ended cannot be cancelled.
  std::uint64_t generation = 0;

  void wait(Instant at) {
    set = true;
    timer.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(at.ns())));
    timer.async_wait([self = shared_from_this(), mine = ++generation](auto) {
      if (!self->set || self->generation != mine) return;
      self->set = false;
      self->fired();
    });
  }
};

Timer::Timer(EventLoop& loop, std::function<void()> fired)
    : impl_(std::make_shared<Impl>(loop.context(), std::move(fired))) {}

Timer::~Timer() {
  cancel();
}

void Timer::set(Instant at) {
  impl_->wait(at);
}

void Timer::cancel() {
  impl_->set = false;
  impl_->timer.cancel();
}

bool Timer::is_set() const {
  return impl_->set;
}

}  // namespace holdfast::real
