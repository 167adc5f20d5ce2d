#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace holdfast {

// What happened; the protocol's kinds are listed in protocol/events.h.
enum class EventKind : std::uint16_t;

// A rare path worth knowing was taken; the list is in protocol/points.h.
enum class Point : std::uint16_t;

// Where a node says what it did.  Saying it changes nothing: no decision depends on a tracer.
class Tracer {
 public:
  virtual ~Tracer() = default;

  // One event of the step that runs.  The meaning of `words` and `bytes` is fixed by `kind`; both
  // live only during the call.
  virtual void record(EventKind kind,
                      std::initializer_list<std::uint64_t> words,
                      std::string_view bytes = {}) = 0;

  virtual void reach(Point point) = 0;
};

}  // namespace holdfast
