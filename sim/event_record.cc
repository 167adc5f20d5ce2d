#include "sim/event_record.h"

#include <cinttypes>
#include <cstdio>

#include "protocol/env/check.h"

namespace holdfast::sim {

std::string_view name_of(WorldEventKind kind) {
  switch (kind) {
    case WorldEventKind::kDelivery:
      return "delivery";
    case WorldEventKind::kAlarm:
      return "alarm";
    case WorldEventKind::kDisk:
      return "disk";
    case WorldEventKind::kDeparture:
      return "departure";
    case WorldEventKind::kBoot:
      return "boot";
    case WorldEventKind::kFaultBegins:
      return "fault begins";
    case WorldEventKind::kFaultEnds:
      return "fault ends";
    case WorldEventKind::kAction:
      return "action";
    case WorldEventKind::kNodeAction:
      return "node action";
    case WorldEventKind::kDisconnect:
      return "disconnect";
  }
  HOLDFAST_UNREACHABLE("an event of no kind");
}

std::string to_string(const EventRecord& record) {
  const std::string kind(name_of(record.kind));
  char nodes[24] = "";
  if (record.from != 0) {
    std::snprintf(nodes, sizeof nodes, " %u -> %u", record.from, record.node);
  } else if (record.node != 0) {
    std::snprintf(nodes, sizeof nodes, " %u", record.node);
  }
  char text[192];
  std::snprintf(text,
                sizeof text,
                "#%" PRIu64 " %" PRId64 ".%09" PRId64 "s %s%s life %u content %016" PRIx64
                " fingerprint %016" PRIx64,
                record.index,
                record.time_ns / 1'000'000'000,
                record.time_ns % 1'000'000'000,
                kind.c_str(),
                nodes,
                record.life,
                record.content,
                record.fingerprint);
  return text;
}

}  // namespace holdfast::sim
