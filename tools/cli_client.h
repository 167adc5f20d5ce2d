#pragma once

// Commands of `holdfast` on a running cluster: append, truncate, status.

#include <functional>

#include <CLI/CLI.hpp>

namespace holdfast::tools {

// Each command, once parsed, runs and says how it ended.
void add_client_commands(CLI::App& app, const std::function<void(int exit_code)>& done);

}  // namespace holdfast::tools
