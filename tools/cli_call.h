#pragma once

// What the commands of `holdfast` that call a running cluster have in common.

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "real/client/messages.h"
#include "real/server/config.h"
#include "real/server/exit_code.h"

namespace holdfast::tools {

struct CommonArguments {
  std::string config;
  std::string deadline = "10s";
  bool json = false;
};

// The arguments, understood.
struct Call {
  real::Config config;
  real::ClientOptions client;
  Duration patience;
};

// Say what is wrong on stderr; the exit code.
int complain(const std::string& text, real::ExitCode code);
int complain(const real::Failed& failed);

// None: what is wrong was said, and the exit code is kUsage.
std::optional<Call> prepare(const CommonArguments& common);

// With --config and --deadline.
CLI::App* add_command(CLI::App& app, const char* name, const char* what, CommonArguments& common);

}  // namespace holdfast::tools
