#include <nlohmann/json.hpp>

#include "protocol/points.h"

#include "sim/faults.h"

#include "properties/catalog.h"
#include "tools/sim_build.h"
#include "tools/sim_list.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::ordered_json;

Json scenarios_json() {
  Json rows = Json::array();
  for (const scenarios::Scenario& scenario : scenarios::scenarios()) {
    rows.push_back(
        {{"name", scenario.name}, {"summary", scenario.summary}, {"planted", scenario.planted}});
  }
  return rows;
}

Json properties_json() {
  Json rows = Json::array();
  for (const properties::CatalogEntry& property : properties::catalog()) {
    const properties::PropertyInfo& info = *property.info;
    rows.push_back({{"name", info.name},
                    {"modality", name_of(info.modality)},
                    {"kind", name_of(info.failure)},
                    {"total_order", info.order == properties::Order::kTotal},
                    {"beyond", info.beyond == properties::Beyond::kHolds},
                    {"statement", info.statement},
                    {"reference", info.reference}});
  }
  return rows;
}

Json faults_json() {
  Json rows = Json::array();
  for (const sim::FaultInfo& fault : sim::kFaultCatalogue) {
    rows.push_back({{"name", fault.name},
                    {"class", name_of(fault.fault_class)},
                    {"description", fault.description}});
  }
  return rows;
}

Json points_json() {
  Json rows = Json::array();
  for (const PointInfo& point : points())
    rows.push_back({{"name", point.name}, {"text", point.text}, {"rare", point.rare}});
  return rows;
}

Json settings_json() {
  Json rows = Json::array();
  for (const SettingLine& setting : settings()) {
    rows.push_back(
        {{"name", setting.name}, {"default", setting.value}, {"description", setting.help}});
  }
  return rows;
}

}  // namespace

std::string list_json() {
  const Json json = {{"schema", "holdfast-sim/list/1"},
                     {"version", version()},
                     {"core", hex16(core_hash())},
                     {"scenarios", scenarios_json()},
                     {"properties", properties_json()},
                     {"faults", faults_json()},
                     {"points", points_json()},
                     {"settings", settings_json()}};
  return json.dump(2) + "\n";
}

}  // namespace holdfast::tools
