#include "tools/explore_report.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "protocol/codec/codec.h"

#include "tools/explore_bounds.h"
#include "tools/explore_schedule.h"
#include "tools/sim_build.h"
#include "tools/sim_event_text.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::ordered_json;
using explore::Ending;
using explore::Kind;
using scenarios::Engine;
using scenarios::Happened;

constexpr const char* kAssumptions[] = {
    "time passes at alarms only, each as far as to the alarm",
    "random draws are fixed for each life of a member",
    "a write of the store happens or does not (--storage tries it)",
    "what a member's fibers do next is named by what they saw or note (ADR 0009, 0010)",
    "frames are lost by never being delivered",
};

std::string_view ending_text(Ending ending) {
  switch (ending) {
    case Ending::kExhausted:
      return "exhausted";
    case Ending::kViolation:
      return "violation";
    case Ending::kStopped:
    case Ending::kStatesLimit:
      return "unfinished";
  }
  return "?";
}

std::string_view order_text(explore::Order order) {
  return order == explore::Order::kBreadthFirst ? "breadth" : "depth";
}

std::string_view engine_text(Engine engine) {
  return engine == Engine::kMemo ? "memo" : "replay";
}

std::string_view disks_text(explore::Disks disks) {
  return disks == explore::Disks::kEager ? "eager" : "slow";
}

std::string_view links_text(explore::Links links) {
  return links == explore::Links::kUnordered ? "any" : "connections";
}

std::string_view identity_text(explore::Identity identity) {
  return identity == explore::Identity::kState ? "state" : "history";
}

std::string sum_text(const explore::Fingerprint& sum) {
  return hex16(sum.high) + hex16(sum.low);
}

std::vector<std::string> reductions_of(const scenarios::ExploreOptions& options) {
  std::vector<std::string> all{"deliveries that do nothing"};
  if (options.reductions.dead_frames) all.push_back("dead frames");
  return all;
}

std::string event_text(const Happened& happened) {
  const explore::SystemEvent& event = happened.event;
  const explore::Origin& frame = event.frame;
  const std::string name = fmt::format("{}.{}.{}", frame.sender + 1, frame.step, frame.output);
  const auto operation = [&] {
    return scenarios::LogCompany({}).name_of(static_cast<std::uint8_t>(event.argument));
  };
  Codec codec;
  const auto frame_of = [&] { return frame_text(codec, happened.frame); };
  switch (event.kind) {
    case Kind::kDeliver:
      return fmt::format("deliver {} to {}: {}", name, happened.to + 1, frame_of());
    case Kind::kDuplicate:
      return fmt::format("deliver {} to {}, and keep it: {}", name, happened.to + 1, frame_of());
    case Kind::kRing:
      return fmt::format("alarm at {}", event.node + 1);
    case Kind::kFinishJob:
      return fmt::format(
          "{} job of {} ends", event.argument == 0 ? "commit" : "bulk", event.node + 1);
    case Kind::kPerform:
      return fmt::format("{} at {}", operation(), event.node + 1);
    case Kind::kBoot:
      return fmt::format("boot {}", event.node + 1);
    case Kind::kCrash:
      return fmt::format("crash {} (disk {})", event.node + 1, event.argument);
    case Kind::kWipe:
      return fmt::format("wipe the disk of {}", event.node + 1);
    case Kind::kDiskError:
      return fmt::format("the next change of {}'s disk fails, {}",
                         event.node + 1,
                         event.argument == 0 ? "and is not made" : "though it is made");
    case Kind::kCrashAtDelivery:
      return fmt::format("crash {} (variant {}) in the step of {}: {}",
                         happened.to + 1,
                         event.variant,
                         name,
                         frame_of());
    case Kind::kCut:
      return fmt::format(
          "cut the connection of {} to {}", event.node + 1, (event.argument & 0xff) + 1);
    case Kind::kCrashAtOperation:
      return fmt::format(
          "crash {} (variant {}) in the step of {}", event.node + 1, event.variant, operation());
  }
  return "?";
}

std::string steps_text(const Happened& happened) {
  std::string text;
  for (const explore::Seen& seen : happened.observed.seen) {
    text +=
        fmt::format("         {}: {}\n", event_name(seen.kind), words_text(seen.kind, seen.words));
  }
  return text;
}

std::string walks_text(const ExploreReport& report) {
  const explore::Walked& walked = *report.explored.walked;
  std::string text = fmt::format("{} random walks of seed {}: {}, {}\n",
                                 grouped(walked.walks),
                                 report.options.walks.seed,
                                 report.configuration.name,
                                 bounds_text(report.configuration.bounds));
  if (!report.stopped_by.empty()) {
    text += fmt::format(
        "  {}: {} were asked for\n", report.stopped_by, grouped(report.options.walks.walks));
  }
  if (report.options.walks.choice == explore::Choice::kPriorities) {
    text += fmt::format("  by priorities, which change {} times on the way\n",
                        report.options.walks.bug_depth - 1);
  }
  text += fmt::format("  {} steps, the longest walk has {}; {} local states\n",
                      grouped(walked.steps),
                      grouped(walked.longest),
                      grouped(report.explored.locals.count));
  text += "  this is no certificate: what was met is a sample\n";
  return text;
}

}  // namespace

std::string certificate_text(const ExploreReport& report) {
  if (report.explored.walked) return walks_text(report);
  const explore::Result& result = report.explored.result;
  const explore::Progress& progress = result.progress;
  const bool memo = report.options.engine == Engine::kMemo;
  std::string text = fmt::format("{}: {}, {}\n",
                                 ending_text(result.ending),
                                 report.configuration.name,
                                 bounds_text(report.configuration.bounds));
  if (!report.stopped_by.empty()) {
    text += fmt::format("  {}: {} states were met and not gone on from\n",
                        report.stopped_by,
                        grouped(progress.states - progress.expanded));
  }
  text += fmt::format("  {} states, {} transitions, depth {}, {} terminal states\n",
                      grouped(progress.states),
                      grouped(progress.transitions),
                      progress.depth,
                      grouped(result.terminals));
  if (memo) {
    text +=
        fmt::format("  {} local states, {} frames; {} reactions of the code, found in {} steps\n",
                    grouped(report.explored.locals.count),
                    grouped(report.explored.messages),
                    grouped(report.explored.first_runs),
                    grouped(report.explored.steps_run));
  }
  if (report.options.liveness) {
    text += fmt::format("  from {} states fair runs were tried, in {} steps\n",
                        grouped(report.explored.fair_runs),
                        grouped(report.explored.fair_steps));
  }
  if (report.options.terms.audit) {
    text += fmt::format("  {} events tried at other histories of a state\n",
                        grouped(report.explored.audits));
  }
  text += fmt::format("  sums {} of states, {} of terminal states\n",
                      sum_text(result.states_sum),
                      sum_text(result.terminals_sum));
  text += fmt::format("  two states were taken for one with odds below 2^{}\n",
                      explore::collision_exponent(progress.states));
  text += fmt::format(
      "  engine {}, {} first, {} disks, links: {}, one local state is one {}; left out: {}\n",
      engine_text(report.options.engine),
      order_text(report.options.order),
      disks_text(report.options.terms.disks),
      links_text(report.configuration.bounds.links),
      identity_text(report.options.terms.identity),
      fmt::join(reductions_of(report.options), ", "));
  const double seconds = static_cast<double>(report.real_ns) / 1e9;
  text += fmt::format(
      "  {:.2f} s, {} transitions/s, {:.1f} bytes for a state that was met, {} MB in all\n",
      seconds,
      grouped(static_cast<std::uint64_t>(
          ratio_of(static_cast<double>(progress.transitions), report.real_ns) * 1e9)),
      static_cast<double>(progress.visited_bytes) /
          static_cast<double>(std::max<std::uint64_t>(progress.states, 1)),
      grouped(progress.bytes / 1'000'000));
  return text;
}

std::string counterexample_text(const ExploreReport& report) {
  const scenarios::Explored& explored = report.explored;
  std::string text = explored.result.violation.text + "\n";
  if (explored.not_deterministic) {
    text +=
        "it keeps something where the checker does not look: a global, an order of addresses, a "
        "field that protocol/node_state.cc does not name\n";
  } else if (explored.is_stuck && explored.agreed()) {
    text += fmt::format(
        "{} events lead there, after {} of the script; a fair run from there does not reach the "
        "goal\n",
        explored.counterexample.size() - explored.script_events,
        explored.script_events);
  } else if (explored.agreed()) {
    const std::size_t events = explored.counterexample.size() - explored.script_events;
    if (explored.found_events > 0) {
      text += fmt::format("found after {} events; of those that are left none can be left out\n",
                          explored.found_events);
    }
    text += fmt::format(
        "{} events, after {} of the script; all members from their boots on say the same\n",
        events,
        explored.script_events);
  } else {
    text += "THE REFERENCE SAYS OTHERWISE, which is a bug of the checker: " +
            (explored.confirmed.empty() ? "nothing is wrong" : explored.confirmed) + "\n";
  }
  return text + happened_text(explored.counterexample, explored.script_events);
}

std::string happened_text(const std::vector<Happened>& events, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < events.size(); ++i) {
    text +=
        fmt::format("  {:>4}  {}\n{}", i - from + 1, event_text(events[i]), steps_text(events[i]));
  }
  return text;
}

std::string schedule_of(const ExploreReport& report) {
  const scenarios::Explored& explored = report.explored;
  std::string budget = budget_text(explored.bounds);
  std::ranges::replace(budget, ' ', ',');
  std::string text = fmt::format(
      "holdfast-schedule 1\n# {}\n# written by holdfast-sim {}, core {}\nconfiguration {}\nlinks "
      "{}\n"
      "disks {}\ndead-frames {}\nbudget {}\n\n# the script\n",
      explored.result.violation.text,
      version(),
      hex16(core_hash()),
      report.configuration.name,
      links_text(report.configuration.bounds.links),
      disks_text(report.options.terms.disks),
      report.options.reductions.dead_frames ? "dropped" : "kept",
      budget);
  for (std::size_t i = 0; i < explored.counterexample.size(); ++i) {
    const Happened& happened = explored.counterexample[i];
    if (i == explored.script_events) text += "\n# what was found\n";
    text += fmt::format("{:<28} # {}\n", event_line(happened.event), event_text(happened));
  }
  return text;
}

std::string storage_text(const ExploreReport& report) {
  const scenarios::StorageChecked& storage = *report.storage;
  std::string text = fmt::format(
      "storage: {} of {} opens, writes and deletions tried, {} losses of power, {} images "
      "opened by LevelDB, {} of them with the change in flight\n",
      grouped(storage.steps),
      grouped(report.explored.stores.steps()),
      grouped(storage.losses),
      grouped(storage.images),
      grouped(storage.kept));
  text += "  " +
          (storage.problem.empty() ? "each is there whole or not at all, and all before it"
                                   : storage.problem) +
          "\n";
  return text;
}

namespace {

// Instead of what only a search can say.
void put_walks(const ExploreReport& report, Json& json) {
  for (const char* key : {"states",
                          "expanded",
                          "terminals",
                          "states_sum",
                          "terminals_sum",
                          "collision_exponent",
                          "bytes",
                          "visited_bytes",
                          "order"})
    json.erase(key);
  const bool uniform = report.options.walks.choice == explore::Choice::kUniform;
  json["walks"] = {{"seed", report.options.walks.seed},
                   {"bug_depth", uniform ? 0 : report.options.walks.bug_depth},
                   {"walks", report.explored.walked->walks},
                   {"steps", report.explored.walked->steps},
                   {"longest", report.explored.walked->longest}};
  json["ending"] = report.explored.result.ending == Ending::kExhausted
                       ? "walked"
                       : ending_text(report.explored.result.ending);
}

}  // namespace

std::string subject_json(const scenarios::Configuration& configuration,
                         const scenarios::ExploreOptions& options) {
  const Json json = {{"core", hex16(core_hash())},
                     {"version", version()},
                     {"configuration", configuration.name},
                     {"script", configuration.script.size()},
                     {"budget", budget_text(configuration.bounds)},
                     {"where", where_text(configuration.bounds)},
                     {"disks", disks_text(options.terms.disks)},
                     {"links", links_text(configuration.bounds.links)},
                     {"identity", identity_text(options.terms.identity)},
                     {"reductions", reductions_of(options)}};
  return json.dump();
}

std::string certificate_json(const ExploreReport& report) {
  const explore::Result& result = report.explored.result;
  Json json = {{"schema", "holdfast-sim/certificate/1"},
               {"version", version()},
               {"core", hex16(core_hash())},
               {"configuration", report.configuration.name},
               {"budget", budget_text(report.configuration.bounds)},
               {"where", where_text(report.configuration.bounds)},
               {"ending", ending_text(result.ending)},
               {"stopped_by", report.stopped_by},
               {"states", result.progress.states},
               {"expanded", result.progress.expanded},
               {"transitions", result.progress.transitions},
               {"depth", result.progress.depth},
               {"terminals", result.terminals},
               {"states_sum", sum_text(result.states_sum)},
               {"terminals_sum", sum_text(result.terminals_sum)},
               {"collision_exponent", explore::collision_exponent(result.progress.states)},
               {"local_states", report.explored.locals.count},
               {"frames", report.explored.messages},
               {"reactions", report.explored.first_runs},
               {"audits", report.explored.audits},
               {"fair_runs", report.explored.fair_runs},
               {"fair_steps", report.explored.fair_steps},
               {"engine", engine_text(report.options.engine)},
               {"order", order_text(report.options.order)},
               {"disks", disks_text(report.options.terms.disks)},
               {"links", links_text(report.configuration.bounds.links)},
               {"identity", identity_text(report.options.terms.identity)},
               {"reductions", reductions_of(report.options)},
               {"assumptions", kAssumptions},
               {"bytes", result.progress.bytes},
               {"visited_bytes", result.progress.visited_bytes},
               {"sessions", report.sessions},
               {"seconds", static_cast<double>(report.real_ns) / 1e9}};
  if (report.explored.walked) put_walks(report, json);
  if (report.storage) {
    json["storage"] = {{"changes", report.explored.stores.steps()},
                       {"tried", report.storage->steps},
                       {"losses", report.storage->losses},
                       {"images", report.storage->images},
                       {"kept", report.storage->kept},
                       {"problem", report.storage->problem}};
  }
  if (result.ending == Ending::kViolation) {
    Json events = Json::array();
    for (const Happened& happened : report.explored.counterexample)
      events.push_back(event_text(happened));
    json["violation"] = {{"text", result.violation.text},
                         {"confirmed", report.explored.agreed()},
                         {"script_events", report.explored.script_events},
                         {"found_events", report.explored.found_events},
                         {"events", std::move(events)}};
  }
  return json.dump(2) + "\n";
}

}  // namespace holdfast::tools
