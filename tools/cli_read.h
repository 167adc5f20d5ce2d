#pragma once

// Commands of `holdfast` that read from a running cluster: read, tail, catchup.

#include <functional>

#include <CLI/CLI.hpp>

namespace holdfast::tools {

// Each command, once parsed, runs and says how it ended.
void add_read_commands(CLI::App& app, const std::function<void(int exit_code)>& done);

}  // namespace holdfast::tools
