#pragma once

// What `holdfast status` and `holdfast read --json` print.

#include <string>

#include "real/client/messages.h"

#include "tools/cli_call.h"

namespace holdfast::tools {

// Asks every member and prints a table, or one JSON object; returns the exit code.
int show_status(const Call& call, bool json);

// One line: position, and the bytes as text where they are UTF-8, else in hexadecimal digits.
std::string entry_json(const real::ReadEntry& entry);

}  // namespace holdfast::tools
