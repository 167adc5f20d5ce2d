#pragma once

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "protocol/types.h"

namespace holdfast {

// What is known of the incarnations of each member (docs/PROTOCOL.md, "Recovery").  A member that
// is not listed never lost a disk: its numbers are 0.  Numbers only rise.
class Incarnations {
 public:
  struct Entry {
    NodeId member;
    // The highest that asked to be counted in the place of the lives before it.
    Incarnation registered;
    // The highest that said that it is about to vote: at most the one above, which may have been
    // lost before it came so far.
    Incarnation voted;

    bool operator==(const Entry&) const = default;
  };

  Incarnations() = default;

  Incarnations(std::initializer_list<Entry> entries) {
    for (const Entry& entry : entries)
      raise(entry);
  }

  Incarnation of(NodeId member) const { return entry(member).registered; }

  Incarnation voted(NodeId member) const { return entry(member).voted; }

  // Each returns whether that told anything new.
  bool raise(NodeId member, Incarnation registered) {
    return raise({.member = member, .registered = registered, .voted = {}});
  }

  bool raise_voted(NodeId member, Incarnation voted) {
    return raise({.member = member, .registered = voted, .voted = voted});
  }

  bool raise(const Entry& to) {
    HOLDFAST_REQUIRE(to.voted <= to.registered, to.member, to.voted, to.registered);
    const Entry before = entry(to.member);
    const Entry after{.member = to.member,
                      .registered = std::max(before.registered, to.registered),
                      .voted = std::max(before.voted, to.voted)};
    if (after == before) return false;
    const auto at = entries_.begin() + (find(to.member) - entries_.begin());
    if (at != entries_.end() && at->member == to.member) {
      *at = after;
    } else {
      entries_.insert(at, after);
    }
    return true;
  }

  bool empty() const { return entries_.empty(); }

  // Ascending by member.
  const std::vector<Entry>& list() const { return entries_; }

  bool operator==(const Incarnations&) const = default;

 private:
  Entry entry(NodeId member) const {
    const auto it = find(member);
    return it != entries_.end() && it->member == member ? *it : Entry{.member = member};
  }

  std::vector<Entry>::const_iterator find(NodeId member) const {
    return std::ranges::lower_bound(entries_, member, {}, &Entry::member);
  }

  std::vector<Entry> entries_;
};

}  // namespace holdfast
