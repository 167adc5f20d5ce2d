#include "tools/explore_cli.h"

namespace holdfast::tools {

void add_calibrate(CLI::App& app, CalibrateCommand& command) {
  CLI::App& calibrate = *app.add_subcommand(
      "calibrate", "count the states of models whose figures are published, and compare");
  calibrate.footer("exit codes: 0 every figure is exact, 2 bad usage, 16 one is not");
  calibrate.add_option("NAME", command.names, "models (default: all)");
  calibrate.add_option("--json", command.json, "write the account there, as JSON")
      ->type_name("FILE");
}

}  // namespace holdfast::tools
