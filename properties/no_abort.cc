#include "properties/no_abort.h"

#include <fmt/format.h>

namespace holdfast::properties {

NoAbort::NoAbort(const Bench& bench) : Judge(kNoAbort, {EventKind::kStopped}, bench) {}

void NoAbort::on_event(const Event& e) {
  if (excused_.test(e.node.value)) return;
  violated(e,
           fmt::format("the node stopped for storage failure {} ({}), but its storage never failed",
                       e.word(0),
                       e.bytes));
}

void NoAbort::on_storage_fault(NodeId node) {
  excused_.set(node.value);
}

}  // namespace holdfast::properties
