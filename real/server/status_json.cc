#include "real/server/status_json.h"

namespace holdfast::real {
namespace {

using nlohmann::ordered_json;

template <typename T>
ordered_json number_or_null(const std::optional<T>& value) {
  return value ? ordered_json(value->value) : ordered_json(nullptr);
}

}  // namespace

ordered_json status_json(const MemberStatus& status) {
  return {{"status", status_name(status.status)},
          {"role", role_name(status.role)},
          {"begin", status.begin.value},
          {"end", number_or_null(status.end)},
          {"learned", number_or_null(status.learned)},
          {"coordinator", number_or_null(status.coordinator)},
          {"incarnation", status.incarnation.value},
          {"connected", status.connected},
          {"uptime_ms", status.uptime.ns() / 1'000'000},
          {"waits_for", status.waits_for}};
}

std::string_view role_name(MemberRole role) {
  return role == MemberRole::kCoordinator ? "coordinator" : "follower";
}

}  // namespace holdfast::real
