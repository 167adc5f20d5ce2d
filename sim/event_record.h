#pragma once

// One event of a world as plain data, for comparing runs and for what led up to a failure.

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::sim {

// Numbers are hashed into fingerprints: never reuse one.
enum class WorldEventKind : std::uint8_t {
  kDelivery = 1,
  kAlarm = 2,
  kDisk = 3,
  // What a slow node asked for leaves.
  kDeparture = 4,
  kBoot = 5,
  kFaultBegins = 6,
  kFaultEnds = 7,
  kAction = 8,
  kNodeAction = 9,
  kDisconnect = 10,
};

struct EventRecord {
  // Of all events of the run, from 0.
  std::uint64_t index = 0;
  std::int64_t time_ns = 0;
  // Frame checksum, ticket, fault identity: by kind.
  std::uint64_t content = 0;
  // Of the run, after this event.
  std::uint64_t fingerprint = 0;
  std::uint32_t life = 0;
  WorldEventKind kind = WorldEventKind::kAction;
  // 0: none.
  std::uint8_t node = 0;
  std::uint8_t from = 0;
  // Makes the bytes of a record a function of its fields.
  std::uint8_t unused = 0;

  bool operator==(const EventRecord&) const = default;
};

std::string_view name_of(WorldEventKind kind);

// "#48112 14.318221000s delivery 3 -> 2 life 1 content 51d7c2.. fingerprint 5d0e.."
std::string to_string(const EventRecord& record);

// Sees every event of a world when it is over.
class EventSink {
 public:
  virtual ~EventSink() = default;

  virtual void on_world_event(const EventRecord& record) = 0;
};

}  // namespace holdfast::sim
