#include "tools/sim_cli.h"

#include <cstdio>
#include <limits>
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sim/text.h"

#include "tools/explore_cli.h"
#include "tools/sim_build.h"
#include "tools/sim_cli_farm.h"
#include "tools/sim_flags.h"

namespace holdfast::tools {
namespace {

constexpr std::uint64_t kSeedsOfRun = 1000;
constexpr const char* kExitCodes =
    "exit codes: 0 passed, 2 bad usage, 10 a process crashed or asserted, 11 liveness, 12 safety,\n"
    "13 not deterministic, 15 points missed, 130 interrupted; of several failures safety counts "
    "first, then 13, 11, "
    "10.\n"
    "See docs/holdfast-sim.md.";

// What `run` was told.
struct RunFlags {
  RunCommand command;
  SeedFlags seeds;
};

// Short enough to be typed.
std::uint64_t random_seed() {
  std::random_device device;
  const std::uint64_t high = device() & 0xff;
  return high << 32 | device();
}

void add_shrink_wish(CLI::App& run, RunCommand& command) {
  CLI::Option* yes = run.add_flag_callback(
      "--shrink",
      [&command] { command.shrink = ShrinkWish::kYes; },
      "make the first failure of each kind small (default: on a terminal only)");
  run.add_flag_callback(
         "--no-shrink", [&command] { command.shrink = ShrinkWish::kNo; }, "leave failures as large")
      ->excludes(yes);
  add(
      run,
      "--shrink-budget",
      [&command](const auto& flag, const auto& text) {
        command.shrink_budget = duration_of(flag, text);
      },
      "real time for that (default 60s)")
      ->type_name("T");
}

// What a CI job wants besides (docs/ci/README.md).
void add_ci(CLI::App& run, RunCommand& command) {
  run.add_option(
         "--first", command.first, "play the decision files of this folder before the seeds")
      ->type_name("DIR");
  run.add_option("--quarantine",
                 command.quarantine,
                 "known failures, which are reported but do not fail the run")
      ->type_name("FILE");
  add_markdown(run, command.markdown);
  add_annotate(run, command.annotate);
}

void add_run(CLI::App& app, RunFlags& flags, Later& later) {
  CLI::App& run = *app.add_subcommand("run", "play seeds and judge them");
  run.footer(kExitCodes);
  Campaign::Options& campaign = flags.command.campaign;
  add_scenario(run, "SCENARIO", campaign.choice, later);
  add_seeds(run,
            flags.seeds,
            {.seed = "default: drawn, and printed", .seeds = "default 1000, or 1 with --seed"});
  add_jobs(run, campaign.jobs);
  add_budget(run, campaign.budget);
  add_profile(run, campaign.choice);
  add_settings(run, campaign.choice);
  add_failures(run, campaign);
  add_shrink_wish(run, flags.command);
  run.add_flag("--gate-points",
               flags.command.gate_points,
               "fail with 15 if a point that is not tagged rare is not reached");
  run.add_option("--json", flags.command.json, "write the account there, as JSON")
      ->type_name("FILE");
  run.add_option("--junit", flags.command.junit, "write the account there, as JUnit XML")
      ->type_name("FILE");
  add_ci(run, flags.command);
  run.add_option("--html", flags.command.html, "draw the first failure there, as a page")
      ->type_name("FILE");
}

RunCommand finish_run(RunFlags& flags) {
  Campaign::Options& campaign = flags.command.campaign;
  const SeedFlags& seeds = flags.seeds;
  const bool one = seeds.seed && seeds.commit.empty();
  campaign.count = seeds.seeds.value_or(one ? 1 : kSeedsOfRun);
  campaign.first_seed = seeds.seed ? *seeds.seed : random_seed();
  check_range(campaign.first_seed, campaign.count);
  flags.command.commit = seeds.commit;
  return flags.command;
}

CLI::Option* add_event(CLI::App& app,
                       const std::string& name,
                       const std::function<void(std::uint64_t)>& take,
                       const std::string& help) {
  return add(
             app,
             name,
             [take](const auto& flag, const auto& text) {
               const auto event = sim::parse_unsigned(text);
               if (!event) refuse(flag, text, "is no event; use the number after # in the trace");
               take(*event);
             },
             help)
      ->type_name("EVENT");
}

// They exclude what also looks at all events of the world: one does at a time.
void add_picture(CLI::App& replay, ReplayCommand& command, Later& later) {
  std::vector<CLI::Option*> drawings{
      replay.add_option("--html", command.html, "draw the run as a page for a browser")
          ->type_name("FILE"),
      replay.add_option("--perfetto", command.perfetto, "draw the run for ui.perfetto.dev")
          ->type_name("FILE")};
  for (CLI::Option* drawing : drawings)
    for (const char* other : {"--save-events", "--compare-events", "--break-at"})
      drawing->excludes(other);
  add_event(
      replay,
      "--from",
      [&command](std::uint64_t event) { command.window.from = event; },
      "the picture begins with this event");
  add_event(
      replay,
      "--to",
      [&command](std::uint64_t event) { command.window.to = event; },
      "the picture ends with this event; the run goes on");
  later.push_back([&command] {
    const PictureWindow& window = command.window;
    if (!command.draws() && (window.from > 0 || window.to)) {
      throw CLI::ValidationError("--from, --to", "need --html or --perfetto");
    }
    if (window.to && *window.to < window.from) {
      refuse("--to", std::to_string(*window.to), "is before --from; use a later event");
    }
  });
}

void add_trace_filter(CLI::App& replay, TraceFilter& filter, CLI::Option* trace) {
  add(
      replay,
      "--node",
      [&filter](const auto& flag, const auto& text) {
        const auto node = sim::parse_unsigned(text);
        if (!node || *node == 0 || *node > 255) refuse(flag, text, "is no node; use 1, 2, ...");
        filter.node = NodeId{static_cast<std::uint8_t>(*node)};
      },
      "of the trace: what this node does, and frames to and from it")
      ->type_name("N")
      ->needs(trace);
  add(
      replay,
      "--position",
      [&filter](const auto& flag, const auto& text) {
        const auto position = sim::parse_unsigned(text);
        if (!position) refuse(flag, text, "is no position; use a number as in the trace");
        filter.position = Position{*position};
      },
      "of the trace: what is about this position; lives and faults are always shown")
      ->type_name("P")
      ->needs(trace);
  add(
      replay,
      "--ballot",
      [&filter](const auto& flag, const auto& text) {
        filter.ballot = parse_ballot(text);
        if (!filter.ballot) refuse(flag, text, "is no ballot; use 3.0.1 as in the trace");
      },
      "of the trace: what is about this ballot")
      ->type_name("B")
      ->needs(trace);
  replay
      .add_flag_callback(
          "--no-frames", [&filter] { filter.frames = false; }, "of the trace: no frames")
      ->needs(trace);
}

void add_replay(CLI::App& app, ReplayCommand& command, Later& later) {
  CLI::App& replay = *app.add_subcommand("replay", "play one run again");
  replay.footer(kExitCodes);
  replay
      .add_option("SEED|FILE",
                  command.what,
                  "a seed, a decision file of a failed run, or what holdfastd --record wrote")
      ->required();
  add_scenario(replay, "--scenario", command.choice, later);
  add_profile(replay, command.choice);
  add_settings(replay, command.choice);
  CLI::Option* trace = replay.add_flag_callback(
      "--trace",
      [&command] { command.verbosity = Verbosity::kTrace; },
      "one line for every event, frame and fault");
  add_trace_filter(replay, command.filter, trace);
  replay
      .add_flag_callback(
          "--quiet", [&command] { command.verbosity = Verbosity::kQuiet; }, "the fingerprint only")
      ->excludes(trace);
  add_event(
      replay,
      "--until",
      [&command](std::uint64_t event) { command.until = event; },
      "stop after this event (its number in the trace and in failures) and show every node");
  CLI::Option* stop = add_event(
      replay,
      "--break-at",
      [&command](std::uint64_t event) { command.break_at = event; },
      "stop in gdb where a node records this event, and show what every fiber stands at");
  for (const char* other : {"--until", "--quiet"})
    stop->excludes(other);
  CLI::Option* save =
      replay
          .add_option("--save-events", command.save_events, "write all events of the world there")
          ->type_name("FILE");
  replay
      .add_option("--compare-events",
                  command.compare_events,
                  "compare with events saved by another run or build; exit 13 if they differ")
      ->type_name("FILE")
      ->excludes(save);
  add_picture(replay, command, later);
}

void add_shrink(CLI::App& app, ShrinkCommand& command, Later& later) {
  CLI::App& shrink = *app.add_subcommand("shrink", "make a failing run as small as it can be");
  shrink.footer(kExitCodes);
  shrink.add_option("SEED|FILE", command.what, "a seed, or a decision file of a failed run")
      ->required();
  add_scenario(shrink, "--scenario", command.choice, later);
  add_profile(shrink, command.choice);
  add_settings(shrink, command.choice);
  add_jobs(shrink, command.options.jobs);
  add(
      shrink,
      "--budget",
      [&command](const auto& flag, const auto& text) {
        command.options.budget = duration_of(flag, text);
      },
      "real time after which the smallest run found so far is the result (default: none)")
      ->type_name("T");
  shrink.add_flag_callback(
      "--no-explain",
      [&command] { command.options.explain.reset(); },
      "do not find out what the failure needs and when it was decided");
  shrink
      .add_option("--out",
                  command.out,
                  "where the small run goes (default: NAME.small.plan beside NAME.plan)")
      ->type_name("FILE");
}

void add_diff(CLI::App& app, DiffCommand& command, Later& later) {
  CLI::App& diff = *app.add_subcommand("diff", "name the first event in which two runs differ");
  diff.footer("exit codes: 0 the runs are the same, 1 they differ, 2 bad usage");
  diff.add_option("A", command.first, "a seed, or a decision file")->required();
  diff.add_option("B", command.second, "another")->required();
  add_scenario(diff, "--scenario", command.choice, later);
  add_profile(diff, command.choice);
  add_settings(diff, command.choice);
  add_jobs(diff, command.jobs);
  diff.add_flag("--ignore-times",
                command.ignore_times,
                "events that differ in nothing but their time are the same");
}

void add_export(CLI::App& app, ExportCommand& command) {
  CLI::App& out =
      *app.add_subcommand("export", "make a decision file a regression test that is always run");
  out.add_option("FILE", command.file, "a decision file, best a small one")->required();
  out.add_option("--name", command.name, "what it is about, as lost_vote (default: the property)")
      ->type_name("NAME");
  out.add_option("--folder", command.folder, "where tests look for such files")
      ->type_name("DIR")
      ->capture_default_str();
}

void add_script(CLI::App& app, ScriptCommand& command) {
  CLI::App& script = *app.add_subcommand(
      "script", "compare golden traces with what happens (docs/golden-traces.md)");
  script.footer(
      "exit codes: 0 every file went as written, 2 a file cannot be read or understood,\n"
      "12 a file went otherwise, or a judge objects");
  script.add_option("FILE", command.files, "golden traces")->required();
  script.add_flag_callback(
      "--rewrite",
      [&command] { command.what = ScriptCommand::Do::kRewrite; },
      "write down what happens instead");
}

void add_soak(CLI::App& app, SoakCommand& command, Later& later) {
  CLI::App& soak = *app.add_subcommand(
      "soak", "play seeds that this build of the core has not seen, and keep the ledger");
  soak.footer(kExitCodes);
  Campaign::Options& campaign = command.campaign;
  campaign.count = std::numeric_limits<std::uint64_t>::max();
  add_scenario(soak, "SCENARIO", campaign.choice, later);
  soak.add_flag_callback(
      "--resume",
      [&command] { command.resume = Resume::kYes; },
      "go on after the seeds that the ledger has of this core");
  add(
      soak,
      "--seeds",
      [&campaign](const auto& flag, const auto& text) { campaign.count = count_of(flag, text); },
      "how many (default: until the budget is used up, or Ctrl-C)")
      ->type_name("N");
  add_jobs(soak, campaign.jobs);
  add_budget(soak, campaign.budget);
  add_profile(soak, campaign.choice);
  add_failures(soak, campaign);
  soak.add_option("--ledger", command.ledger, "the file to continue")
      ->type_name("FILE")
      ->capture_default_str();
}

void add_list(CLI::App& app, ListCommand& command) {
  CLI::App& list =
      *app.add_subcommand("list", "scenarios, properties, faults, points and settings");
  list.add_flag("--json", command.json, "for programs");
}

void add_describe(CLI::App& app, DescribeCommand& command, Later& later) {
  CLI::App& describe = *app.add_subcommand("describe", "what a seed draws, without playing it");
  add_scenario(describe, "SCENARIO", command.choice, later);
  add(
      describe,
      "--seed",
      [&command](const auto& flag, const auto& text) { command.seed = seed_of(flag, text); },
      "default 1")
      ->type_name("S");
  add_profile(describe, command.choice);
  add_settings(describe, command.choice);
}

// All commands, filled in by parsing.
// Of what real members wrote.
void add_traces(CLI::App& app, FlightCommand& flight_command, JudgeCommand& judge_command) {
  CLI::App& flight =
      *app.add_subcommand("flight", "print the last events that holdfastd wrote of a life");
  flight.footer("exit codes: 0 printed, 2 the file cannot be read");
  flight.add_option("FILE", flight_command.file, "flight, flight.crashed, or what --trace named")
      ->required();
  flight.add_option("--last", flight_command.last, "so many, 0: all")->capture_default_str();

  CLI::App& judge = *app.add_subcommand(
      "judge", "judge what the members of a real cluster did, from what holdfastd --trace wrote");
  judge.footer("exit codes: 0 nothing to object to, 2 a file cannot be read, 10 to 12 as for run");
  judge.add_option("TRACE", judge_command.traces, "of one life each")->required();
  judge.add_option("--notes",
                   judge_command.notes,
                   "what clients saw and what was done to members (docs/holdfast-sim.md)");
  judge.add_option("--members", judge_command.members, "how many there are")
      ->check(CLI::Range(1, 63))
      ->capture_default_str();
  judge.add_flag("--json", judge_command.json, "for programs");
}

struct Commands {
  RunFlags run;
  ReplayCommand replay;
  ShrinkCommand shrink;
  ExportCommand exported;
  DiffCommand diff;
  ScriptCommand script;
  SoakCommand soak;
  SweepFlags sweep;
  MergeCommand merge;
  CalibrateCommand calibrate;
  ExploreCommand explore;
  FlightCommand flight;
  JudgeCommand judge;
  ListCommand list;
  DescribeCommand describe;
  Later later;
};

Command chosen(const CLI::App& app, Commands& commands) {
  if (app.get_subcommands().empty()) {
    throw CLI::ValidationError("no command",
                               "use run, replay, shrink, export, diff, script, soak, sweep, merge, "
                               "calibrate, explore, flight, judge, list or describe");
  }
  for (const auto& check : commands.later)
    check();
  const std::string name = app.get_subcommands().front()->get_name();
  if (name == "run") return finish_run(commands.run);
  if (name == "replay") return commands.replay;
  if (name == "shrink") return commands.shrink;
  if (name == "export") return commands.exported;
  if (name == "diff") return commands.diff;
  if (name == "script") return commands.script;
  if (name == "soak") return commands.soak;
  if (name == "sweep") return finish_sweep(commands.sweep);
  if (name == "merge") return commands.merge;
  if (name == "calibrate") return commands.calibrate;
  if (name == "explore") return commands.explore;
  if (name == "flight") return commands.flight;
  if (name == "judge") return commands.judge;
  if (name == "list") return commands.list;
  return commands.describe;
}

}  // namespace

Command parse_command_line(int argc, char** argv) {
  CLI::App app("holdfast-sim: a replicated log in a simulated world", "holdfast-sim");
  app.set_version_flag("--version", program_line());
  app.require_subcommand(0, 1);
  app.footer(kExitCodes);
  Commands commands;
  commands.run.command.campaign.program = argv[0];
  commands.soak.campaign.program = argv[0];
  commands.shrink.program = argv[0];
  commands.sweep.command.campaign.program = argv[0];
  commands.merge.program = argv[0];
  add_run(app, commands.run, commands.later);
  add_replay(app, commands.replay, commands.later);
  add_shrink(app, commands.shrink, commands.later);
  add_export(app, commands.exported);
  add_diff(app, commands.diff, commands.later);
  add_script(app, commands.script);
  add_soak(app, commands.soak, commands.later);
  add_sweep(app, commands.sweep, commands.later);
  add_merge(app, commands.merge);
  add_explore(app, commands.explore);
  add_calibrate(app, commands.calibrate);
  add_traces(app, commands.flight, commands.judge);
  add_list(app, commands.list);
  add_describe(app, commands.describe, commands.later);
  try {
    app.parse(argc, argv);
    return chosen(app, commands);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return Finished{app.exit(error)};
    const auto used = app.get_subcommands();
    std::fprintf(stderr,
                 "holdfast-sim: %s\nRun holdfast-sim%s%s --help for what there is.\n",
                 error.what(),
                 used.empty() ? "" : " ",
                 used.empty() ? "" : used.front()->get_name().c_str());
    return Finished{kExitUsage};
  }
}

}  // namespace holdfast::tools
