#include "sim/determinism.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "protocol/env/hash.h"

namespace holdfast::sim {
namespace {

constexpr std::size_t kShownBefore = 20;

struct FileHeader {
  std::uint64_t magic;
  std::uint64_t count;
  std::uint64_t checksum;
};

// "hfevents", format 1.
constexpr std::uint64_t kMagic = 0x3173746e65766668ULL;

static_assert(std::is_trivially_copyable_v<EventRecord>);
// No padding: equal records are equal bytes.
static_assert(std::has_unique_object_representations_v<EventRecord>);

std::string describe(const std::optional<EventRecord>& record) {
  return record ? to_string(*record) : "the run is over";
}

}  // namespace

std::string EventLog::save() const {
  const std::size_t size = records_.size() * sizeof(EventRecord);
  const std::string_view body(reinterpret_cast<const char*>(records_.data()), size);
  const FileHeader header{kMagic, records_.size(), hash_bytes(body)};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  return bytes.append(body);
}

tl::expected<EventLog, std::string> EventLog::load(std::string_view bytes) {
  FileHeader header{};
  if (bytes.size() < sizeof header)
    return tl::unexpected<std::string>("too short for an event log");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMagic) return tl::unexpected<std::string>("no event log of format 1");
  const std::string_view body = bytes.substr(sizeof header);
  if (body.size() % sizeof(EventRecord) != 0 || body.size() / sizeof(EventRecord) != header.count) {
    return tl::unexpected<std::string>("the event log is cut off; record it again");
  }
  if (hash_bytes(body) != header.checksum) {
    return tl::unexpected<std::string>("the event log is damaged; record it again");
  }
  EventLog log;
  log.records_.resize(header.count);
  if (!body.empty()) std::memcpy(log.records_.data(), body.data(), body.size());
  return log;
}

std::string to_string(const Divergence& divergence) {
  std::string text = "the two runs part here:\n";
  text += "  first   " + describe(divergence.first) + '\n';
  text += "  second  " + describe(divergence.second) + '\n';
  text += "after, in both:\n";
  for (const EventRecord& record : divergence.before)
    text += "  " + to_string(record) + '\n';
  text +=
      "usual suspects: uninitialised memory, containers ordered by pointer or hash, a static that "
      "outlives a run, a clock or random source of the machine, a thread\n";
  return text;
}

Divergence EventFollower::diverged_at(std::size_t index, std::optional<EventRecord> second) const {
  const std::vector<EventRecord>& records = log_.records();
  Divergence divergence;
  if (index < records.size()) divergence.first = records[index];
  divergence.second = second;
  const std::size_t from = index - std::min(index, kShownBefore);
  divergence.before.assign(records.begin() + static_cast<std::ptrdiff_t>(from),
                           records.begin() + static_cast<std::ptrdiff_t>(index));
  return divergence;
}

void EventFollower::on_world_event(const EventRecord& record) {
  if (divergence_) return;
  const std::vector<EventRecord>& records = log_.records();
  if (next_ >= records.size() || records[next_] != record) {
    divergence_ = diverged_at(next_, record);
    return;
  }
  ++next_;
}

std::optional<Divergence> EventFollower::finish() const {
  if (divergence_ || next_ == log_.records().size()) return divergence_;
  return diverged_at(next_, std::nullopt);
}

}  // namespace holdfast::sim
