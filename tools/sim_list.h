#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "properties/judge.h"
#include "tools/sim_choice.h"

namespace holdfast::tools {

// What there is: scenarios, properties, fault kinds, points, settings.
std::string list_text();

// The same for programs: schema "holdfast-sim/list/1" (docs/holdfast-sim.md).
std::string list_json();

// One setting, taken from a line of describe().
struct SettingLine {
  std::string name;
  std::string value;
  std::string help;
};

std::string_view name_of(properties::Modality modality);

// Every setting of world and cluster with its default.
std::vector<SettingLine> settings();

}  // namespace holdfast::tools
