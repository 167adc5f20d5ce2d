#pragma once

// RapidCheck generators of faults and plans.  Kinds, targets and links are drawn at full size (a
// small size would never reach the later kinds); times do not shrink, because moving a fault makes
// another run of the rest.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "sim/plan.h"
#include "sim/schedule.h"

namespace holdfast::sim {

inline std::int64_t arbitrary_within(std::int64_t from, std::int64_t to) {
  const auto span = static_cast<std::uint64_t>(to - from) + 1;
  const auto drawn = *rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>());
  return from + static_cast<std::int64_t>(drawn % span);
}

inline Target arbitrary_target(int nodes) {
  const std::int64_t which = arbitrary_within(1, nodes + 3);
  if (which <= nodes) return NodeId{static_cast<std::uint8_t>(which)};
  return static_cast<Role>(which - nodes - 1);
}

inline std::uint64_t arbitrary_group(GroupMeaning meaning) {
  const auto bits = *rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>());
  switch (meaning) {
    case GroupMeaning::kNone:
      return 0;
    case GroupMeaning::kNodes:
      return bits & NodeSet::first(kMaxNodes).bits;
    case GroupMeaning::kLinks:
      return bits & links_from_to(NodeSet::first(kMaxNodes), NodeSet::first(kMaxNodes)).bits;
    case GroupMeaning::kKey:
      return bits;
  }
  HOLDFAST_UNREACHABLE("a meaning of a group without a generator");
}

// Every field valid in a world of `nodes` nodes.
inline rc::Gen<Fault> arbitrary_fault(int nodes, Duration length) {
  return rc::gen::noShrink(rc::gen::exec([nodes, length] {
    const std::int64_t last = static_cast<std::int64_t>(kFaultKindCount) - 1;
    const FaultInfo& kind = kFaultCatalogue[static_cast<std::size_t>(arbitrary_within(0, last))];
    Fault fault{.kind = kind.kind, .at = {}, .duration = {}, .target = {}};
    fault.at = Duration::nanoseconds(arbitrary_within(0, length.ns()));
    if (kind.lasts) fault.duration = Duration::nanoseconds(arbitrary_within(1, length.ns()));
    if (kind.targeted) fault.target = arbitrary_target(nodes);
    fault.group = arbitrary_group(kind.group);
    fault.arg = arbitrary_within(kind.arg_min, kind.arg_max);
    return fault;
  }));
}

inline rc::Gen<std::vector<Fault>> arbitrary_faults(int nodes, Duration length) {
  return rc::gen::container<std::vector<Fault>>(arbitrary_fault(nodes, length));
}

inline rc::Gen<std::string> arbitrary_line() {
  return rc::gen::map(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcXYZ019_=#-"))),
      [](const std::string& text) { return "t" + text; });
}

inline rc::Gen<Plan> arbitrary_plan() {
  return rc::gen::exec([] {
    const auto seed = *rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>());
    const Profile profile = seed % 4 == 0 ? Profile::kBeyond : Profile::kDefault;
    Plan plan;
    plan.world = draw_world_options(seed, profile);
    plan.faults = *arbitrary_faults(static_cast<int>(plan.world.nodes), plan.world.length);
    plan.operations = *rc::gen::container<std::vector<std::string>>(arbitrary_line());
    const auto values = *rc::gen::container<std::vector<std::string>>(arbitrary_line());
    for (const std::string& value : values) {
      plan.scenario.emplace_back("key" + std::to_string(plan.scenario.size()), value);
    }
    return plan;
  });
}

}  // namespace holdfast::sim

template <>
struct rc::Arbitrary<holdfast::sim::Plan> {
  static Gen<holdfast::sim::Plan> arbitrary() { return holdfast::sim::arbitrary_plan(); }
};
