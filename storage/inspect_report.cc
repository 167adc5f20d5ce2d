// An inspection as text and as JSON.

#include <string>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "storage/inspect.h"

namespace holdfast::storage {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownBytes = 40;
constexpr int kJsonVersion = 1;

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::kNote:
      return "note";
    case Severity::kDamaged:
      return "damaged";
    case Severity::kForeign:
      return "foreign";
    case Severity::kLocked:
      return "locked";
  }
  HOLDFAST_UNREACHABLE("severity");
}

std::string_view verdict_of(const Inspection& inspection) {
  const Severity worst = inspection.worst();
  return worst == Severity::kNote ? "sound" : name_of(worst);
}

std::string_view name_of(Status status) {
  switch (status) {
    case Status::kVoting:
      return "VOTING";
    case Status::kRecovering:
      return "RECOVERING";
    case Status::kStarting:
      return "STARTING";
    case Status::kEmpty:
      return "EMPTY";
  }
  HOLDFAST_UNREACHABLE("status");
}

std::string_view name_of(ValueType type) {
  switch (type) {
    case ValueType::kNop:
      return "NOP";
    case ValueType::kAppend:
      return "APPEND";
    case ValueType::kTruncate:
      return "TRUNCATE";
  }
  HOLDFAST_UNREACHABLE("value type");
}

std::string printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, kShownBytes))
    text += c >= 0x20 && c < 0x7f && c != '"' ? c : '.';
  if (bytes.size() > kShownBytes) text += "...";
  return text;
}

std::string value_text(const Value& value) {
  switch (value.type) {
    case ValueType::kNop:
      if (!value.tombstone) return "NOP";
      if (!value.begin_at) return "NOP tombstone";
      return fmt::format("NOP tombstone begin_at={}", value.begin_at->value);
    case ValueType::kTruncate:
      return fmt::format("TRUNCATE to={}", value.to.value);
    case ValueType::kAppend:
      return fmt::format("APPEND {} bytes \"{}\"{}{}",
                         value.bytes->size(),
                         printable(*value.bytes),
                         value.key == IdempotencyKey{}
                             ? std::string()
                             : fmt::format(" key={}.{}", value.key.client, value.key.sequence),
                         value.checksum ? "" : " (no checksum)");
  }
  HOLDFAST_UNREACHABLE("value type");
}

std::string record_text(const Action& action) {
  std::string text =
      fmt::format("  {:>12}  promised={}", action.position.value, action.promised.value);
  if (!action.value) return text + "  promise only\n";
  return text + fmt::format(" performed={}  {}  {}\n",
                            action.performed.value,
                            action.learned ? "learned  " : "unlearned",
                            value_text(*action.value));
}

std::string metadata_text(const Metadata& metadata) {
  std::string text = fmt::format(
      "metadata   status={} promised={}\n", name_of(metadata.status), metadata.promised.value);
  text += fmt::format("identity   member={} incarnation={} cluster={} log={} config={:016x}\n",
                      metadata.member.value,
                      metadata.incarnation.value,
                      metadata.cluster,
                      metadata.log,
                      metadata.config);
  text += fmt::format("ballots    rounds_reserved={}\n", metadata.rounds_reserved);
  if (metadata.settled.ballot != Ballot{}) {
    text += fmt::format("settled    ballot={} upto={}\n",
                        metadata.settled.ballot.value,
                        metadata.settled.upto.value);
  }
  for (const auto& [member, registered, voted] : metadata.known.list())
    text += fmt::format("known      member={} incarnation={} voted={}\n",
                        member.value,
                        registered.value,
                        voted.value);
  return text;
}

std::string range_text(const Inspection& inspection) {
  std::string text = fmt::format(
      "records    {} ({} unlearned)\n", inspection.records.size(), inspection.unlearned);
  text += fmt::format("begin      {}", inspection.begin.position.value);
  if (inspection.begin.made_at)
    text += fmt::format(" (made at {})", inspection.begin.made_at->value);
  text += inspection.end ? fmt::format("\nend        {}\n", inspection.end->value)
                         : "\nend        none\n";
  for (const Interval& hole : inspection.holes)
    text += fmt::format("hole       {}..{}\n", hole.first.value, hole.last.value);
  return text;
}

Json value_json(const Value& value) {
  Json json;
  json["type"] = name_of(value.type);
  switch (value.type) {
    case ValueType::kNop:
      json["tombstone"] = value.tombstone;
      if (value.begin_at) json["begin_at"] = value.begin_at->value;
      return json;
    case ValueType::kTruncate:
      json["to"] = value.to.value;
      return json;
    case ValueType::kAppend:
      json["bytes"] = value.bytes->size();
      json["hash"] = fmt::format("{:016x}", value.digest());
      json["client"] = value.key.client;
      json["sequence"] = value.key.sequence;
      json["checksum"] = value.checksum.has_value();
      return json;
  }
  HOLDFAST_UNREACHABLE("value type");
}

Json record_json(const Action& action) {
  Json json;
  json["position"] = action.position.value;
  json["promised"] = action.promised.value;
  if (!action.value) return json;
  json["performed"] = action.performed.value;
  json["learned"] = action.learned;
  json["value"] = value_json(*action.value);
  return json;
}

Json metadata_json(const Metadata& metadata) {
  Json json;
  json["status"] = name_of(metadata.status);
  json["promised"] = metadata.promised.value;
  json["cluster"] = metadata.cluster;
  json["log"] = metadata.log;
  json["config"] = metadata.config;
  json["member"] = metadata.member.value;
  json["incarnation"] = metadata.incarnation.value;
  json["rounds_reserved"] = metadata.rounds_reserved;
  json["settled_ballot"] = metadata.settled.ballot.value;
  json["settled_upto"] = metadata.settled.upto.value;
  json["known"] = Json::array();
  for (const auto& [member, registered, voted] : metadata.known.list())
    json["known"].push_back(
        {{"member", member.value}, {"incarnation", registered.value}, {"voted", voted.value}});
  return json;
}

}  // namespace

std::string to_text(const Inspection& inspection, Detail detail) {
  std::string text = fmt::format("directory  {}\n", inspection.directory);
  if (inspection.metadata) text += metadata_text(*inspection.metadata);
  text += range_text(inspection);
  if (detail == Detail::kRecords) {
    for (const Action& action : inspection.records)
      text += record_text(action);
  }
  for (const Finding& finding : inspection.findings)
    text += fmt::format("{:<10} {}\n", name_of(finding.severity), finding.text);
  text += fmt::format("verdict    {}\n", verdict_of(inspection));
  return text;
}

std::string to_json(const Inspection& inspection, Detail detail) {
  Json json;
  json["version"] = kJsonVersion;
  json["directory"] = inspection.directory;
  json["verdict"] = verdict_of(inspection);
  json["exit_code"] = exit_code(inspection);
  json["findings"] = Json::array();
  for (const Finding& finding : inspection.findings)
    json["findings"].push_back({{"severity", name_of(finding.severity)}, {"text", finding.text}});
  if (inspection.metadata) json["metadata"] = metadata_json(*inspection.metadata);
  json["begin"] = inspection.begin.position.value;
  if (inspection.begin.made_at) json["begin_at"] = inspection.begin.made_at->value;
  if (inspection.end) json["end"] = inspection.end->value;
  json["record_count"] = inspection.records.size();
  json["unlearned"] = inspection.unlearned;
  json["holes"] = Json::array();
  for (const Interval& hole : inspection.holes)
    json["holes"].push_back({{"first", hole.first.value}, {"last", hole.last.value}});
  if (detail == Detail::kRecords) {
    json["records"] = Json::array();
    for (const Action& action : inspection.records)
      json["records"].push_back(record_json(action));
  }
  // Names of files may hold any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace holdfast::storage
