// holdfast-sim: plays the log in a simulated world (docs/holdfast-sim.md).

#include <cstdio>

#include <fmt/format.h>

#include "tools/sim_build.h"
#include "tools/sim_cli.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_list.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

int execute(const Finished& finished) {
  return finished.exit_code;
}

int execute(const RunCommand& command) {
  return run_command(command);
}

int execute(const ReplayCommand& command) {
  return replay_command(command);
}

int execute(const ShrinkCommand& command) {
  return shrink_command(command);
}

int execute(const DiffCommand& command) {
  return diff_command(command);
}

int execute(const ExportCommand& command) {
  return export_command(command);
}

int execute(const ScriptCommand& command) {
  return script_command(command);
}

int execute(const SoakCommand& command) {
  return soak_command(command);
}

int execute(const SweepCommand& command) {
  return sweep_command(command);
}

int execute(const MergeCommand& command) {
  return merge_command(command);
}

int execute(const CalibrateCommand& command) {
  return calibrate_command(command);
}

int execute(const ExploreCommand& command) {
  return explore_command(command);
}

int execute(const FlightCommand& command) {
  return flight_command(command);
}

int execute(const JudgeCommand& command) {
  return judge_command(command);
}

int execute(const ListCommand& command) {
  fmt::print("{}", command.json ? list_json() : list_text());
  return kExitPassed;
}

int execute(const DescribeCommand& command) {
  const auto plan = plan_of(command.choice, command.seed);
  if (!plan) {
    std::fprintf(stderr, "holdfast-sim describe: %s\n", plan.error().c_str());
    return kExitUsage;
  }
  fmt::print("{}", describe_plan(*plan));
  return kExitPassed;
}

}  // namespace
}  // namespace holdfast::tools

int main(int argc, char** argv) {
  using namespace holdfast::tools;
  const Command command = parse_command_line(argc, argv);
  note_interrupts();
  return std::visit([](const auto& each) { return execute(each); }, command);
}
