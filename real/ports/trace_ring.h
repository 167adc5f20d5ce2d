#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "protocol/env/time.h"
#include "protocol/env/tracer.h"

namespace holdfast::real {

// What the tracer remembers of one event.
struct TracedEvent {
  Instant at;
  EventKind kind{};
  std::vector<std::uint64_t> words;
  // The beginning of them.
  std::string bytes;
};

// The tracer port: the last events, in memory, for whoever asks how it came to this; and how often
// each point was reached.
class TraceRing final : public Tracer {
 public:
  // Of an event's bytes.
  static constexpr std::size_t kBytesKept = 128;

  // `watch`, if any, is told of every event in the step that records it.
  explicit TraceRing(std::size_t events_max,
                     std::function<void(const TracedEvent&)> watch = nullptr);

  // What is recorded from now on happens then.
  void begin_step(Instant now) { now_ = now; }

  void record(EventKind kind,
              std::initializer_list<std::uint64_t> words,
              std::string_view bytes) override;

  void reach(Point point) override;

  // Oldest first.
  std::vector<TracedEvent> events() const;

  std::uint64_t reached(Point point) const;

 private:
  Instant now_;
  std::size_t events_max_;
  std::function<void(const TracedEvent&)> watch_;
  // Once it is full, the oldest is at `next_`.
  std::vector<TracedEvent> events_;
  std::size_t next_ = 0;
  std::vector<std::uint64_t> reached_;
};

}  // namespace holdfast::real
