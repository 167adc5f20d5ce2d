#include "tools/explore_cli.h"

#include <string>
#include <utility>
#include <vector>

namespace holdfast::tools {

namespace {

// A flag whose value is one of a few words.
template <typename Value>
void add_choice(CLI::App& app,
                const std::string& name,
                Value& value,
                const std::vector<std::pair<std::string, Value>>& words,
                const std::string& help) {
  add(
      app,
      name,
      [&value, words](const auto& flag, const auto& text) {
        std::string known;
        for (const auto& [word, each] : words) {
          known += (known.empty() ? "" : ", ") + word;
          if (word != text) continue;
          value = each;
          return;
        }
        refuse(flag, text, "is none of " + known);
      },
      help)
      ->type_name("WORD");
}

// What may happen.
void add_bounds(CLI::App& explore, ExploreCommand& command) {
  explore
      .add_option("--budget",
                  command.budget,
                  "what may happen how often, instead of the configuration's: elect, append, "
                  "truncate, catchup, read, retry, alarm, crash, wipe, duplicate, cut, error")
      ->type_name("WHAT=N,...")
      ->delimiter(',');
  explore
      .add_option("--where",
                  command.where,
                  "look for it at these members only: elect, append, truncate, catchup, read, "
                  "retry, alarm, "
                  "crash, wipe, error")
      ->type_name("WHAT=M+M,...")
      ->delimiter(',');
  add_choice(explore,
             "--links",
             command.links,
             {{"any", explore::Links::kUnordered}, {"connections", explore::Links::kConnections}},
             "any, or connections: frames keep their order, and go down with their receiver");
}

void add_walks(CLI::App& explore, ExploreCommand& command) {
  add(
      explore,
      "--walks",
      [&command](const auto& flag, const auto& text) {
        command.options.walks.walks = count_of(flag, text);
      },
      "so many random walks instead of all schedules; with --engine replay the code runs at each "
      "step, which is faster where hardly a state is met twice")
      ->type_name("N");
  add(
      explore,
      "--seed",
      [&command](const auto& flag, const auto& text) {
        command.options.walks.seed = seed_of(flag, text);
      },
      "of the walks (default 1)")
      ->type_name("S");
  explore
      .add_option_function<std::uint32_t>(
          "--bug-depth",
          [&command](const std::uint32_t& depth) {
            command.options.walks.choice = explore::Choice::kPriorities;
            command.options.walks.bug_depth = depth;
          },
          "walk by priorities of links and members, which change D - 1 times on the way")
      ->type_name("D")
      ->check(CLI::Range(1u, 100u));
}

// What makes a state, and what is left out.
void add_terms(CLI::App& explore, ExploreCommand& command) {
  explore.add_flag_callback(
      "--histories",
      [&command] { command.options.terms.identity = explore::Identity::kHistory; },
      "take no two histories of a member for one state");
  explore.add_flag_callback(
      "--keep-dead",
      [&command] { command.options.reductions.dead_frames = false; },
      "keep frames in flight that can do nothing any more");
  explore.add_flag("--audit",
                   command.options.terms.audit,
                   "try whether histories that came to one state go on alike");
}

void add_limits(CLI::App& explore, ExploreCommand& command) {
  add(
      explore,
      "--time",
      [&command](const auto& flag, const auto& text) {
        command.limits.real_ns = duration_of(flag, text).ns();
      },
      "stop after so much real time")
      ->type_name("T");
  explore
      .add_option_function<std::uint64_t>(
          "--memory",
          [&command](const std::uint64_t& megabytes) {
            command.limits.bytes = megabytes * 1'000'000;
          },
          "stop when visited states and frontier take so many megabytes")
      ->type_name("MB")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
}

}  // namespace

void add_explore(CLI::App& app, ExploreCommand& command) {
  CLI::App& explore = *app.add_subcommand("explore", "every schedule of a small configuration");
  explore.footer(
      "exit codes: 0 exhausted and nothing is wrong, 2 bad usage, 10 the code of a member aborts,\n"
      "11 a state is stuck, 12 a violation, 13 a member is not deterministic or the engines "
      "disagree,\n"
      "14 stopped by a limit, 130 interrupted");
  explore.add_option("CONFIGURATION", command.configuration, "where it begins (--list)");
  explore.add_flag("--list", command.list, "describe the configurations");
  explore.add_flag("--from-boot",
                   command.from_boot,
                   "begin with all members down, without what the configuration does first");
  add_bounds(explore, command);
  add_choice(explore,
             "--engine",
             command.options.engine,
             {{"memo", scenarios::Engine::kMemo}, {"replay", scenarios::Engine::kReplay}},
             "memo, or the reference: replay");
  add_choice(explore,
             "--order",
             command.options.order,
             {{"breadth", explore::Order::kBreadthFirst}, {"depth", explore::Order::kDepthFirst}},
             "breadth (its counterexamples are shortest) or depth");
  add_choice(explore,
             "--disks",
             command.options.terms.disks,
             {{"eager", explore::Disks::kEager}, {"slow", explore::Disks::kSlow}},
             "eager, or slow: each job is an event");
  explore.add_flag("--fewest-faults",
                   command.fewest_faults,
                   "go through smaller budgets of faults first, so that a violation has the fewest "
                   "faults that it takes, and then the fewest events");
  add_walks(explore, command);
  add_terms(explore, command);
  add_limits(explore, command);
  explore.add_flag("--liveness",
                   command.options.liveness,
                   "try from each state whether all can be done again once nothing fails any more");
  explore.add_flag(
      "--storage",
      command.options.trace_stores,
      "afterwards try every write that was met on real LevelDB, with the power failing "
      "in it everywhere");
  explore
      .add_option("--resume",
                  command.resume,
                  "depth first: go on from there if it is there, and keep there what was done when "
                  "a limit or Ctrl-C ends it")
      ->type_name("FILE");
  explore.add_option("--json", command.json, "write the certificate there, as JSON")
      ->type_name("FILE");
  explore.add_option("--html", command.html, "draw the events of a violation there, as a page")
      ->type_name("FILE");
  explore.add_option("--save", command.save, "write the events of a violation there")
      ->type_name("FILE");
  explore
      .add_option(
          "--replay", command.replay, "play the events of such a file, which may have been edited")
      ->type_name("FILE");
}

void add_calibrate(CLI::App& app, CalibrateCommand& command) {
  CLI::App& calibrate = *app.add_subcommand(
      "calibrate", "count the states of models whose figures are published, and compare");
  calibrate.footer("exit codes: 0 every figure is exact, 2 bad usage, 16 one is not");
  calibrate.add_option("NAME", command.names, "models (default: all)");
  calibrate.add_option("--json", command.json, "write the account there, as JSON")
      ->type_name("FILE");
}

}  // namespace holdfast::tools
