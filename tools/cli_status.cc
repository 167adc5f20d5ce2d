#include "tools/cli_status.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "protocol/env/check.h"

#include "real/server/exit_code.h"
#include "real/server/status_json.h"

namespace holdfast::tools {
namespace {

using nlohmann::ordered_json;
using real::ExitCode;
using real::MemberStatus;

struct Row {
  const real::Config::Member* member;
  real::ClientResult<MemberStatus> status;
};

std::vector<Row> ask_all(const Call& call) {
  real::Client client(call.client);
  std::vector<Row> rows;
  for (const real::Config::Member& member : call.config.members)
    rows.push_back({&member, client.status(member.id, call.patience)});
  return rows;
}

// The first position that nobody who answered has learned.
std::uint64_t learned_by_any(const std::vector<Row>& rows) {
  std::uint64_t next = 0;
  for (const Row& row : rows) {
    if (!row.status) continue;
    next = std::max(next, row.status->begin.value);
    if (row.status->learned) next = std::max(next, row.status->learned->next().value);
  }
  return next;
}

// How many positions this member has not learned and somebody else has.
std::uint64_t lag_of(const MemberStatus& status, std::uint64_t next) {
  const std::uint64_t own = status.learned ? status.learned->next().value : status.begin.value;
  return next - std::min(next, own);
}

ordered_json row_json(const Row& row, std::uint64_t next) {
  ordered_json out = {{"member", row.member->id.value},
                      {"client_address", row.member->client_address.text()},
                      {"reachable", row.status.has_value()}};
  if (!row.status) {
    out["error"] = {{"kind", real::error_name(row.status.error().kind)},
                    {"text", row.status.error().text}};
    return out;
  }
  const MemberStatus& status = *row.status;
  out.update(real::status_json(status));
  out["lag"] = lag_of(status, next);
  return out;
}

template <typename T>
std::string number_or_dash(const std::optional<T>& value) {
  return value ? std::to_string(value->value) : "-";
}

void print_table(const std::vector<Row>& rows) {
  const std::uint64_t next = learned_by_any(rows);
  constexpr const char* kFormat = "{:<7}{:<10}{:<12}{:<13}{:>10}{:>10}{:>13}{:>9}{:>13}\n";
  std::string text = fmt::format(kFormat,
                                 "member",
                                 "reachable",
                                 "status",
                                 "role",
                                 "begin",
                                 "end",
                                 "coordinator",
                                 "lag",
                                 "incarnation");
  std::string notes;
  for (const Row& row : rows) {
    const int id = row.member->id.value;
    if (!row.status) {
      text += fmt::format(kFormat, id, "no", "-", "-", "-", "-", "-", "-", "-");
      notes += fmt::format("member {}: {}\n", id, row.status.error().text);
      continue;
    }
    const MemberStatus& status = *row.status;
    text += fmt::format(kFormat,
                        id,
                        "yes",
                        real::status_name(status.status),
                        real::role_name(status.role),
                        status.begin.value,
                        number_or_dash(status.end),
                        number_or_dash(status.coordinator),
                        lag_of(status, next),
                        status.incarnation.value);
    if (!status.waits_for.empty()) notes += fmt::format("member {}: {}\n", id, status.waits_for);
  }
  text += notes;
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

int show_status(const Call& call, bool json) {
  const real::Config& config = call.config;
  const std::vector<Row> rows = ask_all(call);
  const auto voting =
      static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [](const Row& row) {
        return row.status && row.status->status == Status::kVoting;
      }));
  const bool quorum = voting >= config.node.membership.at(Position{}).quorum();
  if (json) {
    ordered_json out = {{"schema", "holdfast/status/1"},
                        {"cluster", config.cluster_name},
                        {"quorum_votes", quorum},
                        {"members", ordered_json::array()}};
    for (const Row& row : rows)
      out["members"].push_back(row_json(row, learned_by_any(rows)));
    std::puts(out.dump(2).c_str());
  } else {
    print_table(rows);
  }
  return static_cast<int>(quorum ? ExitCode::kDone : ExitCode::kNoAnswer);
}

std::string entry_json(const real::ReadEntry& entry) {
  ordered_json out = {{"position", entry.position.value}};
  try {
    return ordered_json({{"position", entry.position.value}, {"text", *entry.bytes}}).dump();
  } catch (const nlohmann::json::type_error&) {
    // Not UTF-8.
    std::string digits;
    for (const char byte : *entry.bytes)
      digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    out["hex"] = std::move(digits);
    return out.dump();
  }
}

}  // namespace holdfast::tools
