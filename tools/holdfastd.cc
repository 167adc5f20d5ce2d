// The program `holdfastd`: one member of a holdfast log.

#include <cmath>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <signal.h>

#include "real/server/config.h"
#include "real/server/daemon.h"
#include "real/server/exit_code.h"
#include "real/server/grpc/grpc_door.h"
#include "real/server/text_journal.h"

#include "tools/cli_manual.h"
#include "tools/sim_build.h"

namespace {

using holdfast::real::ExitCode;

constexpr const char* kFooter =
    "Ends cleanly on SIGTERM and SIGINT; SIGHUP reads certificates and the log's level again.  Log "
    "lines\ngo to stderr.\n"
    "Exit codes: 0 ended as asked, 2 bad usage or configuration, 3 damaged directory,\n"
    "4 directory of another member, 5 directory in use, 9 cannot listen, 10 the disk failed,\n"
    "11 the disk is full.  docs/operations.md says what to do.";

int exit_with(ExitCode code) {
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("holdfastd: one member of a holdfast log", "holdfastd");
  std::string file;
  app.add_option("--config", file, "The member's configuration (docs/operations.md)")->required();
  holdfast::real::DaemonOptions options;
  options.extras.build = {.version = holdfast::tools::version(),
                          .core = holdfast::tools::hex16(holdfast::tools::core_hash())};
  app.add_option("--trace",
                 options.trace_file,
                 "Write every event of this life to a new file, for holdfast-sim judge");
  app.add_option("--record",
                 options.extras.recording_file,
                 "Write all that reaches the member and what it does to a new file, for "
                 "holdfast-sim replay");
  double clock_rate = 1;
  app.add_option("--clock-rate",
                 clock_rate,
                 "Let the member's clock run so many times as fast as the machine's, to try what "
                 "drift does: 0.1 to 10");
  app.footer(kFooter);
  holdfast::tools::add_manual(
      app,
      {.section = 8,
       .description = "Runs the member that the configuration is for, until it is told to end or "
                      "its disk fails.  The unit holdfastd@NAME runs that of "
                      "/etc/holdfast/NAME.toml.",
       .see_also = "holdfast(1), /usr/share/doc/holdfast/operations.md, "
                   "/usr/share/doc/holdfast/example.toml"});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_with(ExitCode::kUsage);
  }
  options.extras.clock_rate.permille =
      std::isfinite(clock_rate) ? std::llround(clock_rate * 1000) : 0;
  if (!options.extras.clock_rate.is_valid()) {
    std::fprintf(stderr, "holdfastd: --clock-rate: wants 0.1 to 10\n");
    return exit_with(ExitCode::kUsage);
  }
  const auto config = holdfast::real::load_config(file);
  if (!config) {
    for (const auto& error : config.error())
      std::fprintf(stderr, "holdfastd: %s\n", error.to_text().c_str());
    return exit_with(ExitCode::kUsage);
  }
  if (!config->self) {
    std::fprintf(
        stderr,
        "holdfastd: %s: has no [member] table, so it is a client's; add [member] with id and "
        "data_directory\n",
        file.c_str());
    return exit_with(ExitCode::kUsage);
  }
  // A connection that ends while it is written to is an error of that connection only.
  ::signal(SIGPIPE, SIG_IGN);
  // A file that may not grow (ulimit -f) is an error of the disk like others.
  ::signal(SIGXFSZ, SIG_IGN);
  holdfast::real::TextJournal journal(stderr, config->logging);
  options.open_door = holdfast::real::open_grpc_door;
  options.reread = [&](const auto& now) { journal.set_level(now.logging.lowest); };
  return exit_with(holdfast::real::run_daemon(*config, journal, options));
}
