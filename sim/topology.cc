#include "sim/topology.h"

#include <array>
#include <utility>

#include "sim/keyed_random.h"

namespace holdfast::sim {

LinkSet links_from_to(NodeSet from, NodeSet to) {
  LinkSet links;
  for_each_node(from, [&](NodeId a) {
    for_each_node(to, [&](NodeId b) {
      if (a != b) links = links | LinkSet::of(a, b);
    });
  });
  return links;
}

LinkSet links_between(NodeSet a, NodeSet b) {
  return links_from_to(a, b) | links_from_to(b, a);
}

namespace {

std::array<NodeId, kMaxNodes> drawn_order(int count, std::uint64_t key) {
  std::array<NodeId, kMaxNodes> order{};
  const KeyedRandom random(key);
  for (int i = 0; i < count; ++i) {
    order[i] = node_at(static_cast<unsigned>(i));
    const auto other = below(random.draw(static_cast<std::uint64_t>(i)), i + 1u);
    std::swap(order[i], order[other]);
  }
  return order;
}

}  // namespace

LinkSet ring_of_majorities_cuts(int count, RingKind kind, std::uint64_t key) {
  HOLDFAST_REQUIRE(count >= 1 && count <= kMaxNodes, count);
  const std::array<NodeId, kMaxNodes> order = drawn_order(count, key);
  const int others = count / 2;  // heard by each node, to make a majority with itself
  LinkSet cuts;
  for (int hearer = 0; hearer < count; ++hearer) {
    for (int distance = 1; distance < count; ++distance) {
      const int around = distance < count - distance ? distance : count - distance;
      const bool hears =
          kind == RingKind::kOneWay ? distance <= others : around <= (others + 1) / 2;
      if (!hears) cuts = cuts | LinkSet::of(order[(hearer + distance) % count], order[hearer]);
    }
  }
  return cuts;
}

std::string to_string(NodeSet nodes) {
  std::string text;
  for_each_node(nodes, [&](NodeId node) {
    if (!text.empty()) text += ',';
    text += std::to_string(node.value);
  });
  return text;
}

std::string to_string(LinkSet links) {
  std::string text;
  for_each_link(links, [&](NodeId from, NodeId to) {
    if (!text.empty()) text += ',';
    text += std::to_string(from.value) + '>' + std::to_string(to.value);
  });
  return text;
}

}  // namespace holdfast::sim
