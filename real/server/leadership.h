#pragma once

// Through whom the clients of this member write: through itself while it coordinates, else through
// whom it takes for the coordinator.  Who that is, the members' elector decides.

#include <optional>

#include "protocol/node.h"

#include "real/client/messages.h"

namespace holdfast::real {

class Leadership {
 public:
  // `node` outlives it.
  explicit Leadership(Node& node);

  // For fibers.  Waits until somebody coordinates, or `deadline`: nothing when it is this member,
  // else what to tell a client.
  std::optional<Failed> lead(Instant deadline);

  // Writes in the present term.  Requires of what is written: lead() has succeeded.
  Log::Writer writer() { return node_.log().current_writer(); }

  // A term of this member began or ended.
  void on_term() { changed_.notify_all(); }

 private:
  // For fibers.  Waits until this member knows of a coordinator; false at `deadline`.
  bool await_coordinator(Instant deadline);

  Node& node_;
  Event changed_;
};

// The failed election or write, as a client is told.
Failed failed_write(Failure failure);

}  // namespace holdfast::real
