#include "scenarios/script/command.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "sim/text.h"

namespace holdfast::scenarios::script {

Command::Command(std::string_view line) {
  std::istringstream words{std::string(line)};
  if (!(words >> name_)) throw ScriptError("an empty line where a command should be");
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      words_.push_back(std::move(word));
      continue;
    }
    const std::string option = word.substr(0, equals);
    if (!options_.emplace(option, word.substr(equals + 1)).second) {
      throw ScriptError(fmt::format("{}: the option {} comes twice", name_, option));
    }
  }
}

std::optional<std::string> Command::option(const std::string& name) const {
  const auto found = options_.find(name);
  if (found == options_.end()) return std::nullopt;
  return found->second;
}

void Command::allow_options(std::initializer_list<std::string_view> names) const {
  for (const auto& [name, value] : options_) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    throw ScriptError(
        names.size() == 0
            ? fmt::format("{} takes no options: leave out {}={}", name_, name, value)
            : fmt::format("{} knows no option {}: use {}", name_, name, fmt::join(names, ", ")));
  }
}

std::optional<std::uint64_t> Command::number(const std::string& name) const {
  const auto text = option(name);
  if (!text) return std::nullopt;
  const auto value = sim::parse_unsigned(*text);
  if (!value) throw ScriptError(fmt::format("{}: {}={} is no number", name_, name, *text));
  return value;
}

std::optional<Duration> Command::time(const std::string& name) const {
  const auto text = option(name);
  if (!text) return std::nullopt;
  const auto value = sim::parse_duration(*text);
  if (!value || *value < Duration()) {
    throw ScriptError(fmt::format("{}: {}={} is no time: write 5ms or 2s", name_, name, *text));
  }
  return value;
}

std::uint64_t Command::need_number(const std::string& name) const {
  const auto value = number(name);
  if (!value) throw ScriptError(fmt::format("{} needs {}=NUMBER", name_, name));
  return *value;
}

Stage& stage_of(Theatre& theatre) {
  if (theatre.stage == nullptr) {
    throw ScriptError("there is no cluster yet: begin with a line such as `cluster nodes=3`");
  }
  return *theatre.stage;
}

NodeId node_of(const Stage& stage, std::string_view word) {
  if (word.size() == 2 && word[0] == 'n' && word[1] >= '1' && word[1] - '0' <= stage.nodes()) {
    return NodeId{static_cast<std::uint8_t>(word[1] - '0')};
  }
  throw ScriptError(fmt::format("{} is no member: use n1 to n{}", word, stage.nodes()));
}

NodeId live_node_of(Stage& stage, std::string_view word) {
  const NodeId node = node_of(stage, word);
  if (stage.cluster().node(node) == nullptr || !stage.cluster().node(node)->is_ready()) {
    throw ScriptError(fmt::format("{} is down: restart it first", word));
  }
  return node;
}

std::vector<NodeId> nodes_of(const Stage& stage, const Command& command) {
  std::vector<NodeId> nodes;
  for (const std::string& word : command.words())
    nodes.push_back(node_of(stage, word));
  if (nodes.empty())
    throw ScriptError(fmt::format("{} needs a member, such as n1", command.name()));
  return nodes;
}

void run_command(Theatre& theatre, std::string_view line) {
  const Command command(line);
  for (const CommandInfo& each : commands()) {
    if (each.name != command.name()) continue;
    each.run(theatre, command);
    return;
  }
  std::string names;
  for (const CommandInfo& each : commands())
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  throw ScriptError(fmt::format("there is no command {}: use one of {}", command.name(), names));
}

}  // namespace holdfast::scenarios::script
