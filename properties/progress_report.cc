#include "properties/progress_report.h"

#include <algorithm>

#include <fmt/format.h>

namespace holdfast::properties {
namespace {

std::string waits_for(const ReplicaView& view) {
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  if (view.electing) add(fmt::format("its election at ballot {}", view.electing->value));
  if (view.catching_up) {
    add(fmt::format(
        "catch-up of [{}, {}]", view.catching_up->first.value, view.catching_up->last.value));
  }
  for (const OpenOp& open : view.open) {
    add(fmt::format("operation {} ({} at event {})", open.op, event_name(open.called), open.since));
  }
  if (view.elected) add(fmt::format("(is coordinator at ballot {})", view.elected->value));
  return text.empty() ? "nothing" : text;
}

}  // namespace

std::string_view status_name(std::optional<Status> status) {
  if (!status) return "unknown";
  switch (*status) {
    case Status::kVoting:
      return "VOTING";
    case Status::kRecovering:
      return "RECOVERING";
    case Status::kStarting:
      return "STARTING";
    case Status::kEmpty:
      return "EMPTY";
  }
  return "unknown";
}

std::vector<NodeReport> progress_report(const Facts& facts) {
  std::vector<NodeReport> rows;
  for (const NodeId node : facts.members().ids) {
    const ReplicaView& view = facts.replica(node);
    rows.push_back({.node = node,
                    .live = view.live,
                    .status = view.status,
                    .begin = view.begin,
                    .frontier = std::max(view.begin, view.learned.frontier()),
                    .last_event = view.last_seq == 0 ? "none" : event_name(view.last_kind),
                    .last_seq = view.last_seq,
                    .last_time_ns = view.last_time_ns,
                    .waits_for = waits_for(view)});
  }
  return rows;
}

std::string to_text(const std::vector<NodeReport>& report) {
  std::string text;
  for (const NodeReport& row : report) {
    text += fmt::format(
        "  node {}: {}, {}, begin {}, learned below {}, last {} (event {}, {} ns), waits for {}\n",
        row.node.value,
        row.live ? "up" : "down",
        status_name(row.status),
        row.begin.value,
        row.frontier.value,
        row.last_event,
        row.last_seq,
        row.last_time_ns,
        row.waits_for);
  }
  return text;
}

}  // namespace holdfast::properties
