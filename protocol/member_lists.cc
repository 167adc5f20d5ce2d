#include "protocol/member_lists.h"

#include <bitset>

namespace holdfast {
namespace {

using Set = std::bitset<256>;

// Ids are 1 to 255; 0 is none.
constexpr std::size_t kNone = 0;
constexpr std::size_t kIds = 256;

std::vector<NodeId> list_of(const Set& set) {
  std::vector<NodeId> members;
  for (std::size_t id = 1; id < kIds; ++id)
    if (set[id]) members.push_back(NodeId{static_cast<std::uint8_t>(id)});
  return members;
}

bool has_digest(const Set& set, std::uint64_t digest) {
  return set.any() && Membership(list_of(set)).digest() == digest;
}

std::optional<std::vector<NodeId>> first_members(std::uint64_t digest) {
  Set set;
  for (std::size_t id = 1; id < kIds; ++id) {
    set.set(id);
    if (has_digest(set, digest)) return list_of(set);
  }
  return std::nullopt;
}

// Flips two ids of the list, or one, or none: more, less and exchanged members are all that.
std::optional<std::vector<NodeId>> two_flips(std::uint64_t digest, Set set) {
  for (std::size_t one = kNone; one < kIds; ++one) {
    if (one != kNone) set.flip(one);
    for (std::size_t other = kNone; other < one || other == kNone; ++other) {
      if (other != kNone) set.flip(other);
      if (has_digest(set, digest)) return list_of(set);
      if (other != kNone) set.flip(other);
    }
    if (one != kNone) set.flip(one);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<NodeId>> find_members(std::uint64_t digest, const Configuration& near) {
  if (auto first = first_members(digest)) return first;
  Set set;
  for (const NodeId id : near.members)
    set.set(id.value);
  return two_flips(digest, set);
}

std::string to_text(const std::vector<NodeId>& members) {
  std::string text;
  for (const NodeId id : members) {
    if (!text.empty()) text += ", ";
    text += std::to_string(id.value);
  }
  return text;
}

}  // namespace holdfast
