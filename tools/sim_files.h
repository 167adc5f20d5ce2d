#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace holdfast::tools {

// The whole content.  An error names the file and says what is wrong.
tl::expected<std::string, std::string> read_file(const std::string& path);

// Makes the folder if it is missing.  The file is replaced in one step, and is on the disk before
// it has its name: nobody ever sees a half of it, on this machine or, where the folder is shared,
// on another.  Returns what is wrong and what to do, or nothing.
std::string write_file(const std::string& path, std::string_view content);

// Adds to the end of a file in one write, and makes it if it is missing.  Returns as write_file().
std::string append_file(const std::string& path, std::string_view content);

}  // namespace holdfast::tools
