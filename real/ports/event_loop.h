#pragma once

// The thread that owns the core.  Sockets, timers, signals and the ends of disk jobs become calls
// on it, one after the other; other threads only post().

#include <functional>
#include <initializer_list>
#include <memory>

#include "protocol/env/time.h"

#include "real/ports/monotonic.h"

namespace boost::asio {
class io_context;
}

namespace holdfast::real {

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();

  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `task` later on the loop's thread, after everything posted before.  From any thread.
  void post(std::function<void()> task);

  // Runs what happens until `done` holds; it is asked at the beginning and after every call.
  void run_until(const std::function<bool()>& done);

  Instant now() const { return monotonic_now(); }

  // Calls `on_signal` with the number of each of these signals, instead of what they do otherwise.
  // At most one call at a time is set up; lasts as long as the loop.
  void catch_signals(std::initializer_list<int> signals, std::function<void(int)> on_signal);

  // For the other files of this folder that speak Asio.
  boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One alarm.  Belongs to the loop's thread.
class Timer {
 public:
  // `loop` outlives it.
  Timer(EventLoop& loop, std::function<void()> fired);
  // Does not fire any more.
  ~Timer();

  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Fires once when the loop's clock shows `at`, as a call of its own; replaces what was set.
  void set(Instant at);
  void cancel();

  bool is_set() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::real
