#pragma once

// What values are to names of states (protocol/env/state_hash.h): all that there is in them.

#include <utility>
#include <vector>

#include "protocol/env/node_id.h"
#include "protocol/env/state_hash.h"

#include "protocol/action.h"
#include "protocol/messages.h"
#include "protocol/metadata.h"

namespace holdfast {

void add_to(StateHash& hash, const Value& value);
void add_to(StateHash& hash, const Action& action);
void add_to(StateHash& hash, const ChosenUpto& chosen);
void add_to(StateHash& hash, const Incarnations& known);
void add_to(StateHash& hash, const Metadata& metadata);
void add_to(StateHash& hash, const Begin& begin);
void add_to(StateHash& hash, const Message& message);

// Of members, in the order of their ids.
template <typename Reply>
void add_answers(StateHash& hash, const std::vector<std::pair<NodeId, Reply>>& answers) {
  hash.add(answers.size());
  for (const auto& [from, reply] : answers) {
    hash.add(from);
    add_to(hash, Message(reply));
  }
}

}  // namespace holdfast
