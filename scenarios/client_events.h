#pragma once

// What the application of a run records of its operations (protocol/events.h).

#include <cstdint>
#include <vector>

#include "protocol/env/tracer.h"

#include "protocol/action.h"
#include "protocol/events.h"
#include "protocol/log.h"

namespace holdfast::scenarios {

inline std::uint64_t word(Outcome outcome) {
  return static_cast<std::uint64_t>(outcome);
}

inline void record_refusal(Tracer& tracer, std::uint64_t op, const ReadError& error) {
  tracer.record(EventKind::kReadRefused,
                {op, static_cast<std::uint64_t>(error.kind), error.position.value});
}

// Reads [from, to] in one step, with all that it sees.
inline ReadResult<std::vector<Entry>> recorded_read(
    Tracer& tracer, std::uint64_t op, Log::Reader& reader, Position from, Position to) {
  tracer.record(EventKind::kReadCalled, {op, from.value, to.value});
  auto entries = reader.read(from, to);
  if (entries) {
    for (const Entry& entry : *entries) {
      const Value value = Value::append(entry.bytes, entry.key);
      tracer.record(EventKind::kReadEntry, {op, entry.position.value, value.digest()});
    }
  } else {
    record_refusal(tracer, op, entries.error());
  }
  const Outcome outcome = entries ? Outcome::kOk : Outcome::kFailed;
  tracer.record(EventKind::kReadReturned, {op, word(outcome), from.value, to.value});
  return entries;
}

}  // namespace holdfast::scenarios
