#include "tools/cli_call.h"

#include <cstdio>
#include <utility>

#include "protocol/env/check.h"

#include "real/server/units.h"

#include "tools/cli_config.h"

namespace holdfast::tools {

using real::ErrorKind;
using real::ExitCode;
using real::Failed;

int complain(const std::string& text, ExitCode code) {
  std::fprintf(stderr, "holdfast: %s\n", text.c_str());
  return static_cast<int>(code);
}

namespace {

ExitCode code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUnknown:
      return ExitCode::kUnknown;
    case ErrorKind::kUnreachable:
    case ErrorKind::kDeadline:
    case ErrorKind::kLostElection:
    case ErrorKind::kTooFewVoters:
    case ErrorKind::kNotCoordinator:
    case ErrorKind::kNotReady:
    case ErrorKind::kOverloaded:
    case ErrorKind::kStopping:
    case ErrorKind::kBroken:
    case ErrorKind::kNotCaughtUp:
    case ErrorKind::kNoQuorum:
      return ExitCode::kNoAnswer;
    case ErrorKind::kNotVoting:
    case ErrorKind::kTooLarge:
    case ErrorKind::kBadTruncate:
    case ErrorKind::kBadRange:
    case ErrorKind::kTruncated:
    case ErrorKind::kPastEnd:
    case ErrorKind::kPending:
    case ErrorKind::kMissing:
    case ErrorKind::kBadRequest:
    case ErrorKind::kDiskLow:
    case ErrorKind::kRefused:
      return ExitCode::kRefused;
  }
  HOLDFAST_UNREACHABLE("error kind");
}

}  // namespace

int complain(const Failed& failed) {
  return complain(std::string(real::error_name(failed.kind)) + ": " + failed.text,
                  code_of(failed.kind));
}

// None: what is wrong was said.
std::optional<Call> prepare(const CommonArguments& common) {
  auto config = load_or_complain(common.config);
  if (!config) return std::nullopt;
  const auto patience = real::parse_duration(common.deadline);
  if (!patience || *patience < Duration::milliseconds(1)) {
    complain("--deadline: " + (patience ? "wants at least 1ms" : patience.error()),
             ExitCode::kUsage);
    return std::nullopt;
  }
  auto client = config->client_options();
  if (!client) {
    complain("tls: " + client.error(), ExitCode::kUsage);
    return std::nullopt;
  }
  return Call{std::move(*config), std::move(*client), *patience};
}

CLI::App* add_command(CLI::App& app, const char* name, const char* what, CommonArguments& common) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("--config", common.config, "The configuration of any member, or of a client")
      ->required();
  command->add_option("--deadline", common.deadline, "How long to try")->capture_default_str();
  return command;
}

}  // namespace holdfast::tools
