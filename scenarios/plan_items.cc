#include "scenarios/plan_items.h"

#include <optional>
#include <vector>

#include "sim/topology.h"

namespace holdfast::scenarios {
namespace {

// The bits of `set` without the one of `member`; those above move down.
std::uint64_t without(std::uint64_t set, NodeId member) {
  const unsigned index = sim::index_of(member);
  const std::uint64_t below = (std::uint64_t{1} << index) - 1;
  return (set & below) | ((set >> 1) & ~below);
}

// None: it was about `member` alone.
std::optional<sim::Fault> without(sim::Fault fault, NodeId member) {
  if (NodeId* target = std::get_if<NodeId>(&fault.target)) {
    if (*target == member) return std::nullopt;
    if (target->value > member.value) --target->value;
  }
  const std::uint64_t before = fault.group;
  switch (sim::info(fault.kind).group) {
    case sim::GroupMeaning::kNone:
    case sim::GroupMeaning::kKey:
      return fault;
    case sim::GroupMeaning::kNodes:
      fault.group = without(before, member);
      break;
    case sim::GroupMeaning::kLinks:
      fault.group = 0;
      sim::for_each_link(sim::LinkSet{before}, [&](NodeId from, NodeId to) {
        if (from == member || to == member) return;
        const auto moved = [member](NodeId id) {
          return NodeId{static_cast<std::uint8_t>(id.value - (id.value > member.value ? 1 : 0))};
        };
        fault.group |= sim::LinkSet::of(moved(from), moved(to)).bits;
      });
      break;
  }
  // An empty group means everybody, which is something else.
  if (before != 0 && fault.group == 0) return std::nullopt;
  return fault;
}

}  // namespace

void erase_items(RunPlan& plan, std::size_t from, std::size_t end) {
  struct Item {
    Duration at;
    bool operation;
    std::size_t index;
  };

  std::vector<Item> items;
  for (std::size_t i = 0; i < plan.faults.size(); ++i)
    items.push_back({plan.faults[i].at, false, i});
  for (std::size_t i = 0; i < plan.operations.size(); ++i)
    items.push_back({plan.operations[i].at, true, i});
  std::ranges::stable_sort(items, {}, &Item::at);
  std::vector<bool> faults(plan.faults.size());
  std::vector<bool> operations(plan.operations.size());
  for (std::size_t i = from; i < std::min(end, items.size()); ++i)
    (items[i].operation ? operations : faults)[items[i].index] = true;
  std::size_t next = 0;
  std::erase_if(plan.faults, [&](const sim::Fault&) { return faults[next++]; });
  next = 0;
  std::erase_if(plan.operations, [&](const Operation&) { return operations[next++]; });
}

Duration last_time(const RunPlan& plan) {
  Duration last;
  for_each_time(plan, [&](const Duration& at) { last = std::max(last, at); });
  return last;
}

RunPlan without_member(const RunPlan& plan, NodeId member) {
  RunPlan fewer = plan;
  fewer.world.nodes -= 1;
  fewer.world.quorum = fewer.world.nodes / 2 + 1;
  fewer.faults.clear();
  for (const sim::Fault& fault : plan.faults)
    if (const auto moved = without(fault, member)) fewer.faults.push_back(*moved);
  std::erase_if(fewer.operations, [&](const Operation& o) { return o.node == member; });
  for (Operation& operation : fewer.operations)
    if (operation.node.value > member.value) --operation.node.value;
  const auto preferred = static_cast<std::int64_t>(member.value);
  if (fewer.cluster.preferred > preferred) --fewer.cluster.preferred;
  if (fewer.cluster.preferred > fewer.world.nodes) fewer.cluster.preferred = 0;
  return fewer;
}

}  // namespace holdfast::scenarios
