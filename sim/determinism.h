#pragma once

// Whether two runs of one plan are the same run, and if not, where they part.
//
// Let one run write an EventLog and the other follow it with an EventFollower; both are event
// sinks.  A log can be saved and loaded, for comparing runs of different processes or builds.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "sim/event_record.h"

namespace holdfast::sim {

// All events of a run.
class EventLog final : public EventSink {
 public:
  void on_world_event(const EventRecord& record) override { records_.push_back(record); }

  const std::vector<EventRecord>& records() const { return records_; }

  // Bytes for a file of this machine's byte order.
  std::string save() const;

  // Refuses what save() did not write, and says why.
  static tl::expected<EventLog, std::string> load(std::string_view bytes);

 private:
  std::vector<EventRecord> records_;
};

struct Divergence {
  // The first event in which the runs differ; nothing: that run ended before it.
  std::optional<EventRecord> first;
  std::optional<EventRecord> second;
  // What came before in both runs, oldest first; at most 20.
  std::vector<EventRecord> before;
};

// One paragraph: the event in both runs, what led to it, and the usual suspects.
std::string to_string(const Divergence& divergence);

// Compares a second run with a log as it goes.  `log` must outlive it.
class EventFollower final : public EventSink {
 public:
  explicit EventFollower(const EventLog& log) : log_(log) {}

  void on_world_event(const EventRecord& record) override;

  // Once the second run is over.  Nothing: the runs are the same.
  std::optional<Divergence> finish() const;

 private:
  Divergence diverged_at(std::size_t index, std::optional<EventRecord> second) const;

  const EventLog& log_;
  std::size_t next_ = 0;
  std::optional<Divergence> divergence_;
};

}  // namespace holdfast::sim
