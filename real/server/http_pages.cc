#include "real/server/http_pages.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "real/server/status_json.h"
#include "real/server/status_page.h"

namespace holdfast::real {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kPaths = "/, /metrics, /healthz, /readyz, /status.json";

}  // namespace

HttpPages::HttpPages(const Config& config, Sources sources)
    : config_(config),
      sources_(std::move(sources)) {}

HttpAnswer HttpPages::answer(std::string_view path) const {
  if (path == "/metrics") {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = sources_.metrics()};
  }
  // Whoever gets an answer at all knows that the loop turns.
  if (path == "/healthz") return {.body = "ok\n"};
  if (path == "/readyz") return ready();
  if (path == "/status.json") {
    return {.content_type = "application/json", .body = status_json()};
  }
  if (path == "/") {
    return {.content_type = "text/html; charset=utf-8", .body = std::string(kStatusPage)};
  }
  return {.status = 404, .body = fmt::format("there is nothing here; try {}\n", kPaths)};
}

// It votes, and knows who coordinates: a client that comes here is served or sent on.
HttpAnswer HttpPages::ready() const {
  const MemberStatus status = sources_.status();
  if (status.status != Status::kVoting) {
    return {.status = 503,
            .body = fmt::format("{}: {}\n", status_name(status.status), status.waits_for)};
  }
  if (!status.coordinator) return {.status = 503, .body = "nobody is known to coordinate\n"};
  return {.body = "ready\n"};
}

std::string HttpPages::status_json() const {
  const MemberStatus status = sources_.status();
  ordered_json members = ordered_json::array();
  for (const Config::Member& member : config_.members) {
    members.push_back(
        {{"member", member.id.value},
         {"client_address", member.client_address.text()},
         {"http_address",
          member.http_address ? ordered_json(member.http_address->text()) : ordered_json()}});
  }
  ordered_json out{{"schema", "holdfast/member/1"},
                   {"cluster", config_.cluster_name},
                   {"member", status.member.value}};
  out.update(real::status_json(status));
  out["members"] = std::move(members);
  return out.dump() + "\n";
}

}  // namespace holdfast::real
