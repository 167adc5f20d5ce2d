#pragma once

#include <optional>
#include <string>

#include "real/server/config.h"

namespace holdfast::tools {

// None: everything that is wrong with the file was said on stderr.
std::optional<real::Config> load_or_complain(const std::string& file);

}  // namespace holdfast::tools
