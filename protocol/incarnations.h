#pragma once

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

#include "protocol/types.h"

namespace holdfast {

// The highest incarnation known of each member (docs/PROTOCOL.md, "Incarnations").  A member that
// is not listed never lost a disk: its number is 0.  Numbers only rise.
class Incarnations {
 public:
  using Entry = std::pair<NodeId, Incarnation>;

  Incarnations() = default;

  Incarnations(std::initializer_list<Entry> entries) {
    for (const auto& [member, incarnation] : entries)
      raise(member, incarnation);
  }

  Incarnation of(NodeId member) const {
    const auto it = find(member);
    return it != entries_.end() && it->first == member ? it->second : Incarnation{};
  }

  // False: it is as high already.
  bool raise(NodeId member, Incarnation to) {
    if (to <= of(member)) return false;
    const auto at = entries_.begin() + (find(member) - entries_.begin());
    if (at != entries_.end() && at->first == member) {
      at->second = to;
    } else {
      entries_.insert(at, {member, to});
    }
    return true;
  }

  bool empty() const { return entries_.empty(); }

  // Ascending by member.
  const std::vector<Entry>& list() const { return entries_; }

  bool operator==(const Incarnations&) const = default;

 private:
  std::vector<Entry>::const_iterator find(NodeId member) const {
    return std::ranges::lower_bound(entries_, member, {}, &Entry::first);
  }

  std::vector<Entry> entries_;
};

}  // namespace holdfast
