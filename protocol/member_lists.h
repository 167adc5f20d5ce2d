#pragma once

// Directories and envelopes name a member list by its digest alone (Membership::digest).  An
// operator who is told of a mismatch wants to know which lists: this finds the one meant when it
// differs from a known list by little, as edited configurations do.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/membership.h"

namespace holdfast {

// The list with that digest among those that come from `near` by up to two members more, less, or
// exchanged, and among 1..n.  None: it is another one.
std::optional<std::vector<NodeId>> find_members(std::uint64_t digest, const Configuration& near);

// "1, 2, 5".
std::string to_text(const std::vector<NodeId>& members);

}  // namespace holdfast
