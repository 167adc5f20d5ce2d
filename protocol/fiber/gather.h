#pragma once

// "k of n answers, or a deadline": what a quorum call is made of.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/env/check.h"
#include "protocol/env/node_id.h"

#include "protocol/fiber/event.h"

namespace holdfast {

// Collects at most one answer of each node for one request.  Outlives the waits for it.
template <typename Reply>
class Gather {
 public:
  explicit Gather(Scheduler& scheduler) : arrived_(scheduler) {}

  // Takes the answer of `from`.  False when this node answered before: the first answer stands.
  bool offer(NodeId from, Reply reply) {
    if (answered(from)) return false;
    const auto after =
        std::ranges::find_if(replies_, [from](const auto& entry) { return from < entry.first; });
    replies_.emplace(after, from, std::move(reply));
    arrived_.notify_all();
    return true;
  }

  // What `from` answered counts no more; it may answer again.
  void forget(NodeId from) {
    std::erase_if(replies_, [from](const auto& entry) { return entry.first == from; });
  }

  bool answered(NodeId from) const {
    for (const auto& [id, reply] : replies_) {
      if (id == from) return true;
    }
    return false;
  }

  // By node, so that nothing depends on who was faster.
  const std::vector<std::pair<NodeId, Reply>>& replies() const { return replies_; }

  // Waits until `enough(replies())` or `deadline`; returns whether it is enough.  `enough` is asked
  // at once, after every answer, and at the deadline: an answer that is here by then counts.
  template <typename Enough>
  [[nodiscard]] bool wait_until(Instant deadline, Enough enough) {
    return arrived_.await_until(deadline, [&] { return enough(replies_); });
  }

 private:
  std::vector<std::pair<NodeId, Reply>> replies_;
  Event arrived_;
};

}  // namespace holdfast
