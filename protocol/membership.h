#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "protocol/env/hash.h"

#include "protocol/types.h"

namespace holdfast {

// Who votes, and how many votes decide.
struct Configuration {
  // Ascending, distinct.
  std::vector<NodeId> members;

  // The smallest number of members such that any two such sets share one.
  std::size_t quorum() const { return members.size() / 2 + 1; }

  bool contains(NodeId id) const { return std::binary_search(members.begin(), members.end(), id); }
};

// The only source of members and quorum (one configuration for the whole log until members can be
// changed; then a position decides).
class Membership {
 public:
  // Requires: members are ascending, distinct, not empty, and none is 0.
  explicit Membership(std::vector<NodeId> members) : configuration_{std::move(members)} {
    HOLDFAST_REQUIRE(!configuration_.members.empty());
    std::uint64_t digest = 0;
    NodeId before{0};
    for (const NodeId id : configuration_.members) {
      HOLDFAST_REQUIRE(before < id, before, id);
      digest = mix(digest, id.value);
      before = id;
    }
    digest_ = digest;
  }

  const Configuration& at(Position) const { return configuration_; }

  // Names this member list in envelopes and directories.
  std::uint64_t digest() const { return digest_; }

 private:
  Configuration configuration_;
  std::uint64_t digest_ = 0;
};

}  // namespace holdfast
