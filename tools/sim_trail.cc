#include "tools/sim_trail.h"

#include <fmt/format.h>

#include "protocol/env/hash.h"

#include "tools/sim_event_text.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

char byte_of(const sim::TraceEvent& event) {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(event.kind), event.node.value);
  for (const std::uint64_t word : event.words)
    hash = mix(hash, word);
  return static_cast<char>(mix(hash, hash_bytes(event.bytes)) & 0xff);
}

}  // namespace

std::string event_line(const sim::TraceEvent& event) {
  return fmt::format("#{} {} node {} {} {}",
                     event.sequence,
                     seconds_text(event.at.ns()),
                     event.node.value,
                     event_name(event.kind),
                     words_text(event.kind, {event.words.begin(), event.words.end()}));
}

void TrailRecorder::on_event(const sim::TraceEvent& event) {
  if (trail_.size() < kTrailMax) trail_ += byte_of(event);
}

void TrailFollower::on_event(const sim::TraceEvent& event) {
  if (here_ || next_ >= trail_.size()) return;
  if (trail_[next_++] != byte_of(event)) {
    here_ = event_line(event);
    return;
  }
  if (before_.size() == kBefore) before_.erase(before_.begin());
  before_.push_back(event_line(event));
}

std::string TrailFollower::difference() const {
  if (!here_ && next_ == trail_.size()) return "";
  std::string text;
  if (here_) {
    text = fmt::format("the first event that differs from the recorded run is\n  {}\n", *here_);
  } else {
    text = fmt::format("the run ends before event #{} of the recorded one\n", next_);
  }
  if (before_.empty()) return text;
  text += "before it, in both runs:\n";
  for (const std::string& line : before_)
    text += "  " + line + "\n";
  return text;
}

}  // namespace holdfast::tools
