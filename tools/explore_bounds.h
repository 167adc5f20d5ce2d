#pragma once

// What may happen in an exploration, and at which members, in words.

#include <cstddef>
#include <string>

#include "sim/explore/bounds.h"

namespace holdfast::tools {

// Reads "elect=2" into the bounds.  Returns what is wrong with it, or nothing.
std::string set_budget(const std::string& text, explore::Bounds& bounds);

// Reads "wipe=2+3", of so many members: at these only.  Returns what is wrong with it, or nothing.
std::string set_where(const std::string& text, std::size_t members, explore::Bounds& bounds);

// "elect=1 append=2 crash=1"
std::string budget_text(const explore::Bounds& bounds);

// "wipe=2+3"; empty: everywhere.
std::string where_text(const explore::Bounds& bounds);

// Both.
std::string bounds_text(const explore::Bounds& bounds);

}  // namespace holdfast::tools
