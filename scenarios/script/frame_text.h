#pragma once

// Messages, values and ballots as a reader of a golden trace wants to see them: short, and the
// same words everywhere.

#include <string>
#include <string_view>

#include "protocol/messages.h"

namespace holdfast::scenarios::script {

// The kinds of messages as scripts name them, in the order of the alternatives of Message:
// promise, promised, write, written, learned, fetch, fetched, recover, recovered, chosen.
std::string_view kind_of(const Message& message);
bool is_kind(std::string_view name);
// All of them, for error messages.
std::string all_kinds();

// "2.1": round and member; "2.7.1" with an incarnation between them; "5": a bare Mesos number.
std::string to_text(Ballot ballot);

// "VOTING".
std::string_view to_text(Status status);

// `append "a"`, "nop", "tombstone", "truncate to=4".
std::string to_text(const Value& value);

// `position=3 promised=2.1 performed=1.1 append "a"`, without what is not there.
std::string to_text(const Action& action);

// `write ballot=1.1 position=3 append "a"`.
std::string to_text(const Message& message);

}  // namespace holdfast::scenarios::script
