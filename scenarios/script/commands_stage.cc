#include <fmt/format.h>

#include "sim/text.h"

#include "scenarios/script/commands.h"
#include "scenarios/script/frame_text.h"

namespace holdfast::scenarios::script {
namespace {

// Short names for the settings that stories are about.
std::string setting_of(const std::string& name, const ClusterOptions& members) {
  if (name == "first") return "log.first_position";
  for (const auto& [full_name, value] : list_options(members))
    if (full_name == "log." + name) return full_name;
  return name;
}

void retire(Theatre& theatre) {
  if (theatre.stage == nullptr) return;
  theatre.stage->finish();
  for (std::string& violation : theatre.stage->new_violations())
    theatre.violations.push_back(std::move(violation));
  theatre.stage.reset();
}

std::string state_of(Stage& stage, NodeId id) {
  Node* node = stage.cluster().node(id);
  if (node == nullptr) return "is down";
  const LogImage& image = node->image();
  const Metadata& metadata = image.metadata();
  std::string text(to_text(metadata.status));
  if (node->coordinating()) text += " coordinator";
  text += fmt::format(
      " promised={} begin={}", to_text(metadata.promised), image.begin().position.value);
  if (image.begin().made_at) text += fmt::format(" begin_at={}", image.begin().made_at->value);
  text += image.end() ? fmt::format(" end={}", image.end()->value) : " empty";
  std::string_view separator = " learned=";
  for (const Interval& run : image.learned_intervals()) {
    text += separator;
    text += run.first == run.last ? fmt::format("{}", run.first.value)
                                  : fmt::format("{}-{}", run.first.value, run.last.value);
    separator = ",";
  }
  return text;
}

}  // namespace

// A new cluster, every member VOTING and its log empty.  The one before, if any, is gone.  Options
// are settings of the members (`holdfast-sim list`; "log." may be left out) or of the world.
// Example: cluster nodes=5 window=4 store=leveldb first=100 write_deadline=300ms
void run_cluster(Theatre& theatre, const Command& command) {
  sim::WorldOptions world = Stage::quiet_world();
  ClusterOptions members = Stage::calm_members();
  if (!command.words().empty()) {
    throw ScriptError("cluster takes options only, such as nodes=3");
  }
  for (const auto& [name, value] : command.options()) {
    const std::string problem = set_option(world, members, setting_of(name, members), value);
    if (!problem.empty()) throw ScriptError(fmt::format("cluster {}={}: {}", name, value, problem));
  }
  world.quorum = world.nodes / 2 + 1;
  for (const std::string& problem : {sim::validate(world), validate(members)}) {
    if (!problem.empty()) throw ScriptError("cluster: " + problem);
  }
  retire(theatre);
  theatre.stage = std::make_unique<Stage>(world, members, theatre.shown);
}

// Whether messages and what members do are shown, or only what clients are told.
// Example: trace on
void run_trace(Theatre& theatre, const Command& command) {
  if (command.words().size() != 1 || (command.words()[0] != "on" && command.words()[0] != "off")) {
    throw ScriptError("trace wants one word: on or off");
  }
  theatre.shown = command.words()[0] == "on" ? Trace::Shown::kYes : Trace::Shown::kNo;
  if (theatre.stage != nullptr) theatre.stage->trace().show(theatre.shown);
}

// Time passes.
// Example: run 500ms
void run_run(Theatre& theatre, const Command& command) {
  command.allow_options({});
  const auto length =
      command.words().size() == 1 ? sim::parse_duration(command.words()[0]) : std::nullopt;
  if (!length || *length < Duration()) throw ScriptError("run wants one time, such as 500ms");
  stage_of(theatre).run(*length);
}

// What members hold in memory: what they promised, learned, and voted for without knowing the
// outcome.  All members if none is named.
// Example: show n1 n2
void run_show(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  std::vector<NodeId> nodes;
  if (command.words().empty()) {
    for (int i = 0; i < stage.nodes(); ++i)
      nodes.push_back(sim::node_at(static_cast<unsigned>(i)));
  } else {
    nodes = nodes_of(stage, command);
  }
  for (const NodeId id : nodes) {
    stage.trace().say(name_of(id), state_of(stage, id));
    Node* node = stage.cluster().node(id);
    if (node == nullptr || !node->image().end()) continue;
    const LogImage& image = node->image();
    for (const Action& action : image.in_memory(image.begin().position, *image.end())) {
      if (!action.learned) stage.trace().say("", to_text(action));
    }
  }
}

}  // namespace holdfast::scenarios::script
