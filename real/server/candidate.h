#pragma once

// Who appends through this member, and when it runs for coordinator: whenever a client wants to
// write here and this member does not coordinate.

#include <optional>

#include "protocol/node.h"

#include "real/client/messages.h"

namespace holdfast::real {

class Candidate {
 public:
  // `node` and `random` outlive it.
  Candidate(Node& node, Random& random);

  // For fibers: makes this member coordinator, unless it is.  What went wrong, or nothing.
  std::optional<Failed> lead(Instant deadline);

  // Requires of what is written through it: lead() succeeded.
  Log::Writer& writer() { return writer_; }

  // Who this member believes coordinates.
  std::optional<NodeId> coordinator() const;

 private:
  Node& node_;
  Random& random_;
  Log::Writer writer_;
  bool running_ = false;
  Event settled_;
};

// The failed election or write, as a client is told.
Failed failed_write(Failure failure);

}  // namespace holdfast::real
