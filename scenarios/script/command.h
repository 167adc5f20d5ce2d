#pragma once

// One line of a script: a command, what it acts on, and its options.
//
//   append n1 a b window=2        words: n1 a b; options: window=2

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/types.h"

#include "scenarios/script/stage.h"

namespace holdfast::scenarios::script {

// The script makes no sense at this command.  Says what is wrong and what to write instead.
class ScriptError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Command {
 public:
  // Throws ScriptError if the line is empty or names an option twice.
  explicit Command(std::string_view line);

  const std::string& name() const { return name_; }

  // What follows the name and is no option.
  const std::vector<std::string>& words() const { return words_; }

  std::optional<std::string> option(const std::string& name) const;

  const std::map<std::string, std::string>& options() const { return options_; }

  // Throws ScriptError if there is another option than these.
  void allow_options(std::initializer_list<std::string_view> names) const;

  // Throw ScriptError if the option is there and no such value.
  std::optional<std::uint64_t> number(const std::string& name) const;
  std::optional<Duration> time(const std::string& name) const;

  // The number of an option that must be there.
  std::uint64_t need_number(const std::string& name) const;

 private:
  std::string name_;
  std::vector<std::string> words_;
  std::map<std::string, std::string> options_;
};

// What a script has at hand.  A cluster command makes a new stage; there is none before.
struct Theatre {
  std::unique_ptr<Stage> stage;
  Trace::Shown shown = Trace::Shown::kNo;
  // Said by the judges of stages that are gone.
  std::vector<std::string> violations;
};

// The stage of the script.  Throws ScriptError before the first cluster command.
Stage& stage_of(Theatre& theatre);

// "n2".  Throws ScriptError if there is no such member; the second form also if it is down.
NodeId node_of(const Stage& stage, std::string_view word);
NodeId live_node_of(Stage& stage, std::string_view word);

// The first `min` to `max` words name members and nothing else follows.
std::vector<NodeId> nodes_of(const Stage& stage, const Command& command);

// One kind of command.
struct CommandInfo {
  std::string_view name;
  // One line as in a script.
  std::string_view example;
  void (*run)(Theatre&, const Command&);
};

// Every kind, in the order of their names' groups.
std::span<const CommandInfo> commands();

// Runs one line.  Throws ScriptError.
void run_command(Theatre& theatre, std::string_view line);

}  // namespace holdfast::scenarios::script
