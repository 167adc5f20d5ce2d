#pragma once

// Commands of `holdfast` that read from a running cluster: read, tail, catchup.

#include <functional>

#include <CLI/CLI.hpp>

#include "real/client/client.h"

#include "tools/cli_call.h"

namespace holdfast::tools {

// The first that answers and votes.
tl::expected<NodeId, real::Failed> choose_member(real::Client& client, const Call& call);

// Each command, once parsed, runs and says how it ended.
void add_read_commands(CLI::App& app, const std::function<void(int exit_code)>& done);

}  // namespace holdfast::tools
