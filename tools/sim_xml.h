#pragma once

#include <string>
#include <string_view>

namespace holdfast::tools {

// For text and attributes of XML 1.0, in ASCII; line breaks stay, and what XML cannot say is '?'.
std::string xml_escaped(std::string_view text);

}  // namespace holdfast::tools
