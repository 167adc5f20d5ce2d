#pragma once

// `holdfast bench`: how fast a running cluster appends.

#include <functional>

#include <CLI/CLI.hpp>

namespace holdfast::tools {

void add_bench_command(CLI::App& app, const std::function<void(int exit_code)>& done);

}  // namespace holdfast::tools
