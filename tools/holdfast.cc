// The program `holdfast`: looks at one replica's directory while nobody has it open.

#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <leveldb/env.h>

#include "storage/inspect.h"

namespace {

using holdfast::storage::Detail;

constexpr int kBadUsage = 2;

constexpr const char* kFooter =
    "Nothing in DIR is changed.  Exit codes: 0 sound, 2 bad usage, 3 damaged,\n"
    "4 not a log directory (or of an incompatible release), 5 in use.";

struct Request {
  std::string directory;
  bool json = false;
};

CLI::App* add_command(CLI::App& app, const char* name, const char* what, Request& request) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("DIR", request.directory, "The directory of one replica")->required();
  command->add_flag("--json", request.json, "Print one JSON object (docs/log_format.md)");
  command->footer(kFooter);
  return command;
}

int run(const Request& request, Detail detail) {
  const auto inspection = holdfast::storage::inspect(
      *leveldb::Env::Default(), request.directory, holdfast::storage::posix_lock_probe);
  const std::string text = request.json ? to_json(inspection, detail) : to_text(inspection, detail);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return exit_code(inspection);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("holdfast: verify or print the log of one replica, offline", "holdfast");
  app.require_subcommand(1);
  app.footer(kFooter);
  Request request;
  const CLI::App* check = add_command(app, "check", "Verify every file and record", request);
  add_command(app, "dump", "Verify, and print every record", request);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }
  return run(request, check->parsed() ? Detail::kSummary : Detail::kRecords);
}
