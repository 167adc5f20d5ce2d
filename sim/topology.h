#pragma once

// Sets of nodes and of directed links of one cluster, each in one word.  Nodes of a simulated
// world are numbered from 1.

#include <bit>
#include <cstdint>
#include <string>

#include "protocol/env/check.h"
#include "protocol/env/node_id.h"

namespace holdfast::sim {

inline constexpr int kMaxNodes = 8;

// 0 to kMaxNodes - 1.
constexpr unsigned index_of(NodeId node) {
  HOLDFAST_REQUIRE(node.value >= 1 && node.value <= kMaxNodes, node);
  return node.value - 1u;
}

constexpr NodeId node_at(unsigned index) {
  return NodeId{static_cast<std::uint8_t>(index + 1)};
}

struct NodeSet {
  std::uint64_t bits = 0;

  // Nodes 1 to `count`.
  static constexpr NodeSet first(int count) { return {(std::uint64_t{1} << count) - 1}; }

  static constexpr NodeSet of(NodeId node) { return {std::uint64_t{1} << index_of(node)}; }

  constexpr bool contains(NodeId node) const { return (bits >> index_of(node) & 1) != 0; }

  constexpr int size() const { return std::popcount(bits); }

  constexpr bool operator==(const NodeSet&) const = default;

  constexpr NodeSet operator|(NodeSet other) const { return {bits | other.bits}; }

  constexpr NodeSet operator&(NodeSet other) const { return {bits & other.bits}; }

  constexpr NodeSet operator-(NodeSet other) const { return {bits & ~other.bits}; }
};

// Bit 8 * from + to, by index.
struct LinkSet {
  std::uint64_t bits = 0;

  static constexpr LinkSet of(NodeId from, NodeId to) {
    return {std::uint64_t{1} << (kMaxNodes * index_of(from) + index_of(to))};
  }

  constexpr bool contains(NodeId from, NodeId to) const { return (bits & of(from, to).bits) != 0; }

  constexpr int size() const { return std::popcount(bits); }

  constexpr bool operator==(const LinkSet&) const = default;

  constexpr LinkSet operator|(LinkSet other) const { return {bits | other.bits}; }

  constexpr LinkSet operator&(LinkSet other) const { return {bits & other.bits}; }

  constexpr LinkSet operator-(LinkSet other) const { return {bits & ~other.bits}; }
};

// Links from each of `from` to each of `to`; none from a node to itself.
LinkSet links_from_to(NodeSet from, NodeSet to);

// Both directions.
LinkSet links_between(NodeSet a, NodeSet b);

// Calls visit(from, to) for every link, in a fixed order.
template <typename Visit>
void for_each_link(LinkSet links, Visit&& visit) {
  for (std::uint64_t left = links.bits; left != 0; left &= left - 1) {
    const auto bit = static_cast<unsigned>(std::countr_zero(left));
    visit(node_at(bit / kMaxNodes), node_at(bit % kMaxNodes));
  }
}

template <typename Visit>
void for_each_node(NodeSet nodes, Visit&& visit) {
  for (std::uint64_t left = nodes.bits; left != 0; left &= left - 1) {
    visit(node_at(static_cast<unsigned>(std::countr_zero(left))));
  }
}

// What a ring of majorities cuts: nodes 1 to `count` stand in a ring in an order drawn from `key`;
// everybody hears a majority (itself included) and no two hear the same one.
enum class RingKind : std::uint8_t {
  kSymmetric,  // hears the neighbours on both sides, and is heard by them
  kOneWay,     // hears those behind it, and is heard by those before it
};
LinkSet ring_of_majorities_cuts(int count, RingKind kind, std::uint64_t key);

// "1,3"; empty for none.
std::string to_string(NodeSet nodes);

// "1>2,3>1"; empty for none.
std::string to_string(LinkSet links);

}  // namespace holdfast::sim
