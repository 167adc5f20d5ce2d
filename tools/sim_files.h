#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace holdfast::tools {

// The whole content.  An error names the file and says what is wrong.
tl::expected<std::string, std::string> read_file(const std::string& path);

// Makes the folder if it is missing.  The file is replaced in one step: nobody sees a half of it.
// Returns what is wrong, or nothing.
std::string write_file(const std::string& path, std::string_view content);

}  // namespace holdfast::tools
