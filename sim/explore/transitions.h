#pragma once

// The ways out of one state, in the order in which they were found.  One buffer is used for state
// after state, so that a search does not allocate.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/env/check.h"

#include "sim/explore/fingerprint.h"

namespace holdfast::explore {

// Names a transition among those of one state; what it says is its space's.  Transitions of one
// name lead to one state.
using EventName = std::uint32_t;

class Transitions {
 public:
  void clear() {
    words_.clear();
    heads_.clear();
  }

  void add(EventName event, Words next) {
    heads_.push_back({.event = event, .begin = words_.size()});
    words_.insert(words_.end(), next.begin(), next.end());
  }

  bool empty() const { return heads_.empty(); }

  std::size_t size() const { return heads_.size(); }

  EventName event(std::size_t i) const {
    HOLDFAST_REQUIRE(i < heads_.size(), i, heads_.size());
    return heads_[i].event;
  }

  // Valid until the next add() or clear().
  Words next(std::size_t i) const {
    HOLDFAST_REQUIRE(i < heads_.size(), i, heads_.size());
    const std::size_t end = i + 1 < heads_.size() ? heads_[i + 1].begin : words_.size();
    return Words(words_).subspan(heads_[i].begin, end - heads_[i].begin);
  }

 private:
  struct Head {
    EventName event;
    std::size_t begin;
  };

  std::vector<std::uint32_t> words_;
  std::vector<Head> heads_;
};

}  // namespace holdfast::explore
