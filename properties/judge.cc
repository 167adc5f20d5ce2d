#include "properties/judge.h"

#include <utility>

#include <fmt/format.h>

namespace holdfast::properties {

void Judge::on_chosen(const Event&, const Decision&) {}

void Judge::on_boot(NodeId) {}

void Judge::on_crash(NodeId) {}

void Judge::on_wipe(NodeId) {}

void Judge::on_storage_fault(NodeId) {}

void Judge::on_heal(std::span<const NodeId>) {}

void Judge::forget_below(Position) {}

void Judge::finish() {}

void Judge::violated(const Event& e, std::string text, CheckSite where) {
  bench_.verdict.add({.property = info_.name,
                      .failure = info_.failure,
                      .seq = e.seq,
                      .event_kind = event_name(e.kind),
                      .time_ns = e.time_ns,
                      .node = e.node,
                      .text = std::move(text),
                      .where = where});
}

void Judge::violated(NodeId node, std::string text, CheckSite where) {
  bench_.verdict.add({.property = info_.name,
                      .failure = info_.failure,
                      .seq = facts().seq(),
                      .time_ns = facts().time_ns(),
                      .node = node,
                      .text = std::move(text),
                      .where = where});
}

std::string show(ValueName value) {
  switch (value.type()) {
    case ValueType::kNop:
      return value.tombstone() ? "a tombstone" : "NOP";
    case ValueType::kAppend:
      return fmt::format("APPEND {:016x}", value.digest);
    case ValueType::kTruncate:
      return fmt::format("TRUNCATE {:016x}", value.digest);
  }
  return fmt::format("a value of type {} {:016x}", value.flags >> 8 & 0xff, value.digest);
}

std::string show(Ballot ballot) {
  return fmt::format("{} (round {})", ballot.value, ballot.round());
}

}  // namespace holdfast::properties
