// The program `holdfast`: reads and writes a log through its members, makes the directory of a new
// one, and looks at one replica's directory while nobody has it open.

#include <functional>
#include <string>

#include <CLI/CLI.hpp>
#include <signal.h>

#include "real/server/exit_code.h"

#include "tools/cli_backup.h"
#include "tools/cli_client.h"
#include "tools/cli_directory.h"
#include "tools/cli_load.h"
#include "tools/cli_manual.h"
#include "tools/cli_read.h"

namespace {

using holdfast::real::ExitCode;

constexpr const char* kFooter =
    "Exit codes: 0 done (or sound), 2 bad usage or configuration, 3 damaged, 4 not the directory "
    "it\n"
    "should be, 5 in use, 6 the cluster refused, 7 no answer in time, 8 outcome unknown,\n"
    "10 the disk failed, 11 the disk is full.  docs/operations.md says what to do.";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("holdfast: a replicated log", "holdfast");
  app.require_subcommand(1);
  app.footer(kFooter);
  // A connection that ends while it is written to is an error of that call only.
  ::signal(SIGPIPE, SIG_IGN);
  int code = 0;
  const auto done = [&code](int of_command) { code = of_command; };
  holdfast::tools::add_client_commands(app, done);
  holdfast::tools::add_read_commands(app, done);
  holdfast::tools::add_bench_command(app, done);
  holdfast::tools::add_directory_commands(app, done);
  holdfast::tools::add_backup_commands(app, done);
  holdfast::tools::add_manual(
      app,
      {.section = 1,
       .description =
           "Reads and writes a log through its members, shows and loads a cluster, makes "
           "the directories of members, copies logs, and looks at one member's log "
           "directory while nobody has it open.",
       .see_also = "holdfastd(8), /usr/share/doc/holdfast/operations.md"});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  return code;
}
