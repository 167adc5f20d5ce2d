#pragma once

// The commands of `holdfast` that copy a log, and make a cluster from a copy.

#include <functional>

#include <CLI/CLI.hpp>

namespace holdfast::tools {

void add_backup_commands(CLI::App& app, const std::function<void(int exit_code)>& done);

}  // namespace holdfast::tools
