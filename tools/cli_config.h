#pragma once

#include <optional>
#include <string>

#include "real/server/config.h"

namespace holdfast::tools {

// None: everything that is wrong with the file was said on stderr.
std::optional<real::Config> load_or_complain(const std::string& file);

// The same of a file that must be a member's.
std::optional<real::Config> load_member_or_complain(const std::string& file);

}  // namespace holdfast::tools
