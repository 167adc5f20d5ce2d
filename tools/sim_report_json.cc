#include <nlohmann/json.hpp>

#include "protocol/points.h"

#include "tools/sim_build.h"
#include "tools/sim_report.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kSecond = 1e9;

Json violation_json(const Found& found) {
  return {{"property", found.property},
          {"kind", found.kind},
          {"event", found.event},
          {"event_kind", found.event_kind},
          {"time_ns", found.time_ns},
          {"node", found.node},
          {"text", found.text},
          {"check", found.check}};
}

Json violations_json(const SeedRecord& record) {
  Json rows = Json::array();
  for (const Found& found : record.found)
    rows.push_back(violation_json(found));
  return rows;
}

Json small_json(const std::optional<PlanSize>& size) {
  if (!size) return nullptr;
  return {{"members", size->members},
          {"faults", size->faults},
          {"operations", size->operations},
          {"settings", size->settings},
          {"events", size->events}};
}

Json failure_json(const FailedSeed& failure, const RunReport& report) {
  return {{"seed", std::to_string(failure.seed)},
          {"exit_code", failure.exit_code},
          {"kind", exit_name(failure.exit_code)},
          {"violations", violations_json(failure.record)},
          {"note", failure.record.note},
          {"crash", failure.record.crash},
          {"divergence", failure.record.divergence},
          {"file", failure.file},
          {"small_file", failure.small_file},
          {"small", small_json(failure.small)},
          {"quarantined", failure.quarantined},
          {"replay", replay_line(failure, report.program, line_of(report.choice))}};
}

Json past_json(const PastRun& run, const RunReport& report) {
  return {{"name", run.capsule.name},
          {"file", run.capsule.path},
          {"scenario", run.capsule.file.plan.scenario},
          {"exit_code", run.record.exit_code()},
          {"kind", exit_name(run.record.exit_code())},
          {"violations", violations_json(run.record)},
          {"note", run.record.note},
          {"crash", run.record.crash},
          {"divergence", run.record.divergence},
          {"quarantined", run.quarantined},
          {"replay", report.program + " replay " + run.capsule.path}};
}

Json totals_json(const RunReport& report) {
  const Totals& totals = report.totals;
  const sim::WorldCounters& counters = totals.counters();
  const auto per_second = [&](std::uint64_t count) {
    return ratio_of(static_cast<double>(count) * kSecond, report.real_ns);
  };
  return {
      {"seeds", totals.seeds()},
      {"passed", totals.passed()},
      {"failed", totals.failed()},
      {"quarantined", totals.quarantined()},
      {"undecided", totals.undecided()},
      {"undecided_reasons", totals.reasons()},
      {"events", counters.events},
      {"messages_sent", counters.network.sent},
      {"messages_delivered", counters.network.delivered},
      {"operations", totals.operations()},
      {"boots", counters.boots},
      {"crashes", counters.crashes},
      {"played_twice", totals.repeated()},
      {"played_afresh", totals.repeated_afresh()},
      {"simulated_seconds", static_cast<double>(totals.simulated_ns()) / kSecond},
      {"real_seconds", static_cast<double>(report.real_ns) / kSecond},
      {"simulated_per_real", ratio_of(static_cast<double>(totals.simulated_ns()), report.real_ns)},
      {"seeds_per_second", per_second(totals.seeds())},
      {"events_per_second", per_second(counters.events)}};
}

Json faults_json(const sim::WorldCounters& counters) {
  Json rows = Json::array();
  for (const FaultCount& row : fault_table(counters)) {
    rows.push_back({{"name", row.name},
                    {"injected", row.injected},
                    {"over_budget", row.over_budget},
                    {"without_target", row.without_target}});
  }
  return rows;
}

Json points_json(const scenarios::PointCounts& counts) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < points().size(); ++i) {
    const PointInfo& point = points()[i];
    rows.push_back(
        {{"name", point.name}, {"text", point.text}, {"rare", point.rare}, {"reached", counts[i]}});
  }
  return rows;
}

}  // namespace

std::string to_json(const RunReport& report) {
  Json json = {{"schema", "holdfast-sim/run/1"},
               {"version", version()},
               {"core", hex16(core_hash())},
               {"scenario", report.choice.scenario->name},
               {"planted", report.choice.scenario->planted},
               {"profile", name_of(report.choice.profile)},
               {"arguments", arguments_of(report.choice)},
               {"first_seed", std::to_string(report.first_seed)},
               {"seeds_asked", report.seeds_asked},
               {"commit", report.commit},
               {"jobs", report.jobs},
               {"interrupted", report.interrupted},
               {"exit_code", report.exit_code},
               {"fingerprint", hex16(report.totals.fingerprint())},
               {"totals", totals_json(report)},
               {"faults", faults_json(report.totals.counters())},
               {"points", points_json(report.totals.points())},
               {"failures", Json::array()},
               {"past", Json::array()},
               {"quarantine_stale", report.stale}};
  for (const PastRun& run : report.past)
    json["past"].push_back(past_json(run, report));
  for (const FailedSeed& failure : report.totals.failures())
    json["failures"].push_back(failure_json(failure, report));
  // What a crashed process wrote need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace holdfast::tools
