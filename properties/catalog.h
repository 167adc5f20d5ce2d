#pragma once

#include <memory>
#include <span>
#include <vector>

#include "properties/judge.h"

namespace holdfast::properties {

struct CatalogEntry {
  const PropertyInfo* info = nullptr;
  std::unique_ptr<Judge> (*make)(const Bench& bench) = nullptr;
};

// Every property there is, in the order in which the judges are asked.
std::span<const CatalogEntry> catalog();

// What the run was allowed to do to the cluster.
enum class Profile : std::uint8_t {
  kBudget,  // what the protocol promises to survive: every judge sits
  kBeyond,  // more: only the judges whose property still holds
};

// Whether the judge of a property sits in runs of a profile.
constexpr bool sits(const PropertyInfo& info, Profile profile) {
  return profile == Profile::kBudget || info.beyond == Beyond::kHolds;
}

std::vector<std::unique_ptr<Judge>> make_judges(const Bench& bench, Profile profile);

}  // namespace holdfast::properties
