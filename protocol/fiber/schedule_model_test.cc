// Random programs of fibers, run twice: by the scheduler, and by a model of it that knows no
// stacks, no intrusive lists and no heap.  Both must do the same things in the same order.

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocol/fiber/event.h"
#include "protocol/fiber/manual_clock.h"

namespace holdfast {
namespace {

enum class Verb : std::uint8_t {
  kYield,
  kSleep,
  kWait,
  kWaitUntil,
  kNotifyOne,
  kNotifyAll,
  kSpawn,
  kCancel,
  kJoin,
};

struct Action {
  Verb verb = Verb::kYield;
  std::uint8_t object = 0;  // which event, fiber or program
  std::uint8_t ticks = 0;
};

std::ostream& operator<<(std::ostream& out, const Action& action) {
  static constexpr std::array<const char*, 9> kNames = {"yield",
                                                        "sleep",
                                                        "wait",
                                                        "wait_until",
                                                        "notify_one",
                                                        "notify_all",
                                                        "spawn",
                                                        "cancel",
                                                        "join"};
  return out << kNames.at(static_cast<std::size_t>(action.verb)) << "(" << int{action.object}
             << ", " << int{action.ticks} << ")";
}

using Program = std::vector<Action>;

constexpr std::size_t kEvents = 3;
constexpr std::size_t kFibersMax = 24;

Instant after(Instant now, std::uint8_t ticks) {
  return now + Duration::milliseconds(ticks);
}

// What both sides write: "3.1 late" is fiber 3, action 1, deadline first.
using Log = std::vector<std::string>;

std::string line(std::size_t fiber, std::size_t action, const std::string& outcome) {
  return std::to_string(fiber) + "." + std::to_string(action) + " " + outcome;
}

// ------------------------------------------------------------------------------- the real thing

class Real {
 public:
  explicit Real(const std::vector<Program>& programs) : programs_(programs) {}

  Log run() {
    spawn(0);
    clock_.run_to_end(scheduler_);
    log_.push_back("shut down at " + std::to_string(clock_.now().ns()));
    scheduler_.shut_down();
    return log_;
  }

 private:
  struct LogsEnd {
    Real& real;
    std::size_t fiber;

    ~LogsEnd() { real.log_.push_back("end " + std::to_string(fiber)); }
  };

  void spawn(std::size_t program) {
    if (fibers_.size() == kFibersMax) return;
    const std::size_t id = fibers_.size();
    fibers_.emplace_back();
    fibers_[id] = scheduler_.spawn([this, id, program] {
      const LogsEnd end{*this, id};
      const Program& actions = programs_[program % programs_.size()];
      for (std::size_t i = 0; i < actions.size(); ++i)
        log_.push_back(line(id, i, perform(id, actions[i])));
    });
  }

  std::string perform(std::size_t self, const Action& action) {
    Event& event = events_[action.object % kEvents];
    const std::size_t other = action.object % fibers_.size();
    const Instant at = after(scheduler_.now(), action.ticks);
    switch (action.verb) {
      case Verb::kYield:
        scheduler_.yield();
        break;
      case Verb::kSleep:
        scheduler_.sleep_until(at);
        break;
      case Verb::kWait:
        event.wait();
        break;
      case Verb::kWaitUntil:
        return event.wait_until(at) ? "in time" : "late";
      case Verb::kNotifyOne:
        event.notify_one();
        break;
      case Verb::kNotifyAll:
        event.notify_all();
        break;
      case Verb::kSpawn:
        spawn(action.object);
        break;
      case Verb::kCancel:
        if (other != self) Fiber(fibers_[other]).cancel();
        break;
      case Verb::kJoin:
        if (other != self) Fiber(fibers_[other]).join();
        break;
    }
    return "done";
  }

  const std::vector<Program>& programs_;
  ManualClock clock_;
  Scheduler scheduler_{clock_};
  std::array<Event, kEvents> events_{Event(scheduler_), Event(scheduler_), Event(scheduler_)};
  std::deque<Fiber> fibers_;
  Log log_;
};

// ------------------------------------------------------------------------------------- the model

class Model {
 public:
  explicit Model(const std::vector<Program>& programs) : programs_(programs) {}

  Log run() {
    spawn(0);
    for (;;) {
      run_ready();
      if (wake_due()) continue;
      if (timers_.empty()) break;
      now_ = timers_.begin()->first.first;
    }
    log_.push_back("shut down at " + std::to_string(now_.ns()));
    shut_down();
    return log_;
  }

 private:
  struct ModelFiber {
    std::size_t program = 0;
    std::size_t next = 0;  // the action it will do next, or stands in
    bool started = false;
    bool waits = false;  // not ready
    bool done = false;
    bool cancelled = false;
    bool notified = false;
    bool in_action = false;                  // stands in the wait of action `next`
    std::optional<std::size_t> notified_by;  // by notify_one
  };

  using Line = std::vector<std::size_t>;

  // Lines of waiters: the events, then the joiners of each fiber.
  Line& line_of_event(const Action& action) { return lines_[action.object % kEvents]; }

  Line& joiners(std::size_t fiber) { return lines_[kEvents + fiber]; }

  void spawn(std::size_t program) {
    if (fibers_.size() == kFibersMax) return;
    ready_.push_back(fibers_.size());
    fibers_.push_back({.program = program % programs_.size()});
  }

  void run_ready() {
    while (!ready_.empty()) {
      const std::size_t id = ready_.front();
      ready_.pop_front();
      resume(id);
    }
  }

  bool wake_due() {
    bool any = false;
    while (!timers_.empty() && timers_.begin()->first.first <= now_) {
      leave(timers_.begin()->second);
      any = true;
    }
    return any;
  }

  // Whatever it waits for, it does no longer.
  void leave(std::size_t id) {
    for (Line& line : lines_)
      std::erase(line, id);
    std::erase_if(timers_, [&](const auto& timer) { return timer.second == id; });
    if (!fibers_[id].waits) return;
    fibers_[id].waits = false;
    ready_.push_back(id);
  }

  bool notify_one(std::size_t line) {
    if (lines_[line].empty()) return false;
    const std::size_t id = lines_[line].front();
    fibers_[id].notified = true;
    fibers_[id].notified_by = line;
    leave(id);
    return true;
  }

  void notify_all(std::size_t line) {
    while (!lines_[line].empty()) {
      const std::size_t id = lines_[line].front();
      notify_one(line);
      fibers_[id].notified_by.reset();
    }
  }

  void cancel(std::size_t id) {
    if (fibers_[id].done || fibers_[id].cancelled) return;
    fibers_[id].cancelled = true;
    const std::optional<std::size_t> by = fibers_[id].notified_by;
    fibers_[id].notified_by.reset();
    leave(id);
    if (by) notify_one(*by);
  }

  void end(std::size_t id) {
    if (fibers_[id].started) log_.push_back("end " + std::to_string(id));
    fibers_[id].done = true;
    notify_all(kEvents + id);
  }

  void resume(std::size_t id) {
    const Program& actions = programs_[fibers_[id].program];
    if (fibers_[id].cancelled) return end(id);
    fibers_[id].started = true;
    if (fibers_[id].in_action) {
      const Action& action = actions[fibers_[id].next];
      leave(id);
      fibers_[id].in_action = false;
      fibers_[id].notified_by.reset();
      if (action.verb == Verb::kWaitUntil) {
        said(id, fibers_[id].notified ? "in time" : "late");
      } else {
        said(id, "done");
      }
    }
    while (fibers_[id].next < actions.size()) {
      if (perform(id, actions[fibers_[id].next])) return;
      said(id, "done");
    }
    end(id);
  }

  void said(std::size_t id, const std::string& outcome) {
    log_.push_back(line(id, fibers_[id].next, outcome));
    ++fibers_[id].next;
  }

  // Stands in line, if any, until a notification or, if any, the time.
  bool wait(std::size_t id, Line* line, std::optional<Instant> until) {
    ModelFiber& self = fibers_[id];
    self.in_action = true;
    self.notified = false;
    if (line) line->push_back(id);
    self.waits = !until || *until > now_;
    if (!self.waits) {
      ready_.push_back(id);
    } else if (until) {
      timers_[{*until, ++armings_}] = id;
    }
    return true;
  }

  // True if the fiber waits.
  bool perform(std::size_t id, const Action& action) {
    const std::size_t other = action.object % fibers_.size();
    const Instant at = after(now_, action.ticks);
    switch (action.verb) {
      case Verb::kYield:
        return wait(id, nullptr, now_);
      case Verb::kSleep:
        return wait(id, nullptr, at);
      case Verb::kWait:
        return wait(id, &line_of_event(action), std::nullopt);
      case Verb::kWaitUntil:
        return wait(id, &line_of_event(action), at);
      case Verb::kNotifyOne:
        notify_one(action.object % kEvents);
        return false;
      case Verb::kNotifyAll:
        notify_all(action.object % kEvents);
        return false;
      case Verb::kSpawn:
        spawn(action.object);
        return false;
      case Verb::kCancel:
        if (other != id) cancel(other);
        return false;
      case Verb::kJoin:
        if (other == id || fibers_[other].done) return false;
        return wait(id, &joiners(other), std::nullopt);
    }
    HOLDFAST_UNREACHABLE("an unknown verb");
  }

  void shut_down() {
    for (ModelFiber& fiber : fibers_)
      fiber.cancelled = true;
    for (std::size_t id = 0; id < fibers_.size(); ++id) {
      if (!fibers_[id].done) end(id);
    }
  }

  const std::vector<Program>& programs_;
  Instant now_ = ManualClock().now();
  std::deque<ModelFiber> fibers_;
  std::deque<std::size_t> ready_;
  std::array<Line, kEvents + kFibersMax> lines_;
  std::map<std::pair<Instant, std::uint64_t>, std::size_t> timers_;
  std::uint64_t armings_ = 0;
  Log log_;
};

Program draw_program() {
  const auto verb = rc::gen::resize(100, rc::gen::inRange<int>(0, 9));
  const auto number = rc::gen::resize(100, rc::gen::inRange<int>(0, 12));
  return *rc::gen::container<Program>(rc::gen::map(
      rc::gen::tuple(verb, number, number), [](const std::tuple<int, int, int>& drawn) {
        return Action{static_cast<Verb>(std::get<0>(drawn)),
                      static_cast<std::uint8_t>(std::get<1>(drawn)),
                      static_cast<std::uint8_t>(std::get<2>(drawn) / 3)};
      }));
}

RC_GTEST_PROP(Schedule, IsTheModels, ()) {
  std::vector<Program> programs;
  for (int i = 0; i < 5; ++i)
    programs.push_back(draw_program());
  // A first program that starts all others, so that most runs are not over at once.
  for (std::uint8_t i = 1; i < 5; ++i)
    programs[0].insert(programs[0].begin(), {Verb::kSpawn, i, 0});
  const Log real = Real(programs).run();
  RC_CLASSIFY(real.size() > 30);
  RC_ASSERT(real == Model(programs).run());
}

}  // namespace
}  // namespace holdfast
