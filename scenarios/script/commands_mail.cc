#include <limits>

#include <fmt/format.h>

#include "scenarios/script/commands.h"
#include "scenarios/script/frame_text.h"

namespace holdfast::scenarios::script {
namespace {

// What was released is delivered, made durable and answered.
constexpr Duration kAftermath = Duration::milliseconds(5);

NodeId end_of(const Stage& stage, const std::string& word) {
  return word == "*" ? NodeId{0} : node_of(stage, word);
}

// "n1 -> n3 write learned"; no words at all: every message of every link.
Route route_of(const Stage& stage, const Command& command) {
  const std::vector<std::string>& words = command.words();
  Route route{NodeId{0}, NodeId{0}, {}};
  if (words.empty()) return route;
  if (words.size() < 3 || words[1] != "->") {
    throw ScriptError(fmt::format("{} wants a link and perhaps kinds of messages: n1 -> n3 write",
                                  command.name()));
  }
  route.from = end_of(stage, words[0]);
  route.to = end_of(stage, words[2]);
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (!is_kind(words[i])) {
      throw ScriptError(
          fmt::format("{} is no kind of message: use some of {}", words[i], all_kinds()));
    }
    route.kinds.push_back(words[i]);
  }
  return route;
}

Route link_of(const Stage& stage, const Command& command) {
  if (command.words().empty()) {
    throw ScriptError(fmt::format("{} wants a link: n1 -> n3, or n1 -> *", command.name()));
  }
  return route_of(stage, command);
}

}  // namespace

// What is sent on the link from now on is kept until `release`; only these kinds, if any is named.
// `*` stands for every member.  Of several rules the newest counts.
// Example: hold n1 -> n3 write learned
void run_hold(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  stage.mail().hold(link_of(stage, command));
}

// What is sent on the link from now on is lost, until `heal`.
// Example: drop n1 -> * chosen
void run_drop(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  stage.mail().drop(link_of(stage, command));
}

// An exception: what is sent on the link from now on is delivered, whatever was held or dropped
// there so far, until `release` or `heal`.
// Example: pass n1 -> n3 written
void run_pass(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  stage.mail().pass(link_of(stage, command));
}

// What the member sends and what it is sent is lost, until `heal`.
// Example: isolate n1
void run_isolate(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  for (const NodeId node : nodes_of(stage, command)) {
    stage.mail().drop({node, NodeId{0}, {}});
    stage.mail().drop({NodeId{0}, node, {}});
  }
}

// Ends every hold; the messages kept, of a link or kinds only if these are named, arrive.
// Example: release n1 -> n3 write count=1
void run_release(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({"count"});
  const Route route = route_of(stage, command);
  const std::size_t count =
      command.number("count").value_or(std::numeric_limits<std::size_t>::max());
  if (stage.mail().release(route, count) == 0) throw ScriptError("release: no message is held");
  stage.run(kAftermath);
}

// Ends every hold; the messages kept are lost.
// Example: discard
void run_discard(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  if (stage.mail().discard() == 0) throw ScriptError("discard: no message is held");
}

// Ends every drop and isolation.
// Example: heal
void run_heal(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  stage.mail().mend();
}

// The last message of each kind on the link arrives once more, however old it is.
// Example: duplicate n1 -> n3 write
void run_duplicate(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  if (stage.mail().repeat(link_of(stage, command)) == 0) {
    throw ScriptError("duplicate: no such message was ever sent");
  }
  stage.run(kAftermath);
}

}  // namespace holdfast::scenarios::script
