#pragma once

#include <nlohmann/json.hpp>

#include "real/client/messages.h"

namespace holdfast::real {

// What a member says of itself, for programs: status, role, positions, and so on.
nlohmann::ordered_json status_json(const MemberStatus& status);

// "coordinator" or "follower".
std::string_view role_name(MemberRole role);

}  // namespace holdfast::real
