#pragma once

#include <string>
#include <string_view>

namespace holdfast::tools {

// "2026-11-22", UTC.  Such dates compare as texts.
std::string today();

// A date as above that the calendar has.
bool is_date(std::string_view text);

}  // namespace holdfast::tools
