#pragma once

// When and where those who write through a cluster try again.

#include <cstddef>

#include "protocol/env/time.h"

#include "real/client/client.h"
#include "real/client/messages.h"

namespace holdfast::real {

// Whether the same write, sent again to this member or another, may succeed within seconds; nothing
// was written.
bool is_passing(ErrorKind kind);

// Who is asked after that: whom the refusal names, else the next in the list.
std::size_t next_target(const ClientOptions& options, std::size_t target, const Failed& why);

// Between half of it and the whole.
Duration drawn_pause(Duration at_most);

void sleep_until(Instant then);

}  // namespace holdfast::real
