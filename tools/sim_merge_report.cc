#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "protocol/points.h"

#include "properties/catalog.h"
#include "tools/sim_build.h"
#include "tools/sim_merge.h"
#include "tools/sim_report.h"
#include "tools/sim_text.h"
#include "tools/sim_xml.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::ordered_json;

// Of a long list people read the beginning; programs read all of it.
constexpr std::size_t kLinesMax = 20;

struct Notes {
  std::string_view title;
  const std::vector<std::string>& lines;
};

// Everything about the sweep that is not as it should be.
std::vector<Notes> notes_of(const Merged& merged) {
  return {{"played twice, with different results", merged.contradictions},
          {"refused", merged.refused},
          {"missing", merged.missing},
          {"unfinished", merged.unfinished},
          {"counted once", merged.overlapping}};
}

std::string bulleted(const std::vector<std::string>& lines, std::string_view bullet) {
  std::string text;
  for (std::size_t i = 0; i < std::min(lines.size(), kLinesMax); ++i)
    text += std::string(bullet) + lines[i] + "\n";
  if (lines.size() > kLinesMax) {
    text += fmt::format("{}and {} more\n", bullet, lines.size() - kLinesMax);
  }
  return text;
}

std::string faults_text(const Story& story) {
  if (!story.example.shrunk) return "not shrunk";
  std::string text = "needs";
  for (const std::string& fault : story.faults)
    text += " " + fault;
  return story.faults.empty() ? "needs no fault" : text;
}

std::string replay_of(const Merged& merged,
                      const FailureExample& example,
                      std::string_view program) {
  if (!example.file.empty()) return fmt::format("{} replay {}", program, example.file);
  std::string line = fmt::format("{} replay {}", program, example.seed);
  for (const std::string& argument : merged.sweep.arguments)
    line += " " + argument;
  return line;
}

std::string seeds_text(const Sums& sums) {
  return fmt::format("{} ({} passed, {} failed, {} undecided)",
                     grouped(sums.seeds),
                     grouped(sums.passed),
                     grouped(sums.failed),
                     grouped(sums.undecided));
}

std::string shards_text(const Merged& merged) {
  return fmt::format("{} of {} finished, {} of {} seeds",
                     grouped(merged.shards_finished),
                     grouped(merged.shards),
                     grouped(merged.sums.seeds),
                     grouped(merged.asked));
}

// The figures of the report, for text and Markdown.
std::vector<std::pair<std::string, std::string>> rows_of(const Merged& merged) {
  const Sums& sums = merged.sums;
  std::string arguments;
  for (const std::string& argument : merged.sweep.arguments)
    arguments += (arguments.empty() ? "" : " ") + argument;
  const auto simulated = static_cast<std::int64_t>(sums.simulated_ns);
  const auto real = static_cast<std::int64_t>(sums.real_ns);
  return {
      {"played by core", merged.sweep.core},
      {"arguments", arguments},
      {"shards", shards_text(merged)},
      {"seeds", seeds_text(sums)},
      {"events", grouped(sums.events)},
      {"messages",
       fmt::format(
           "{} sent, {} delivered", grouped(sums.messages_sent), grouped(sums.messages_delivered))},
      {"operations", grouped(sums.operations)},
      {"boots", fmt::format("{}, {} crashes", grouped(sums.boots), grouped(sums.crashes))},
      {"simulated time", seconds_text(simulated)},
      {"time of all shards", seconds_text(real)},
      {"played twice",
       fmt::format("{} seeds, {} of them in a new process",
                   grouped(sums.played_twice),
                   grouped(sums.played_afresh))},
      {"digest", hex16(sums.digest)}};
}

std::string group_text(const Merged& merged,
                       const FailureClass& failure,
                       const FailureGroup& group,
                       const std::string& program) {
  std::string text =
      fmt::format("FAILED: {}: {} seeds\n", to_string(failure), grouped(group.seeds));
  for (const Story& story : stories_of(group.examples)) {
    const FailureExample& example = story.example;
    text += fmt::format("  {}: seed {}, event {}: {}\n    replay: {}\n",
                        faults_text(story),
                        example.seed,
                        example.event,
                        example.text,
                        replay_of(merged, example, program));
  }
  return text;
}

std::string points_text(const Sums& sums) {
  std::string text;
  for (const PointInfo& point : points()) {
    const auto known = sums.points.find(std::string(point.name));
    if (known == sums.points.end() || known->second != 0) continue;
    text += fmt::format(
        "    not reached{}: {} ({})\n", point.rare ? ", rare" : "", point.text, point.name);
  }
  return text;
}

}  // namespace

std::string summary_text(const Merged& merged, const std::string& program) {
  std::string text = program_line() + "\n";
  for (const auto& [failure, group] : merged.failures)
    text += group_text(merged, failure, group, program);
  for (const Notes& notes : notes_of(merged))
    if (!notes.lines.empty())
      text += fmt::format("{}:\n", notes.title) + bulleted(notes.lines, "  ");
  text += "summary\n";
  for (const auto& [name, value] : rows_of(merged))
    text += fmt::format("  {:<21}{}\n", name, value);
  for (const auto& [reason, count] : merged.sums.undecided_reasons)
    text += fmt::format("    undecided: {} of them because {}\n", grouped(count), reason);
  text += fmt::format("  {:<34}{:>14}\n", "faults", "injected");
  for (const auto& [name, count] : merged.sums.faults)
    text += fmt::format("  {:<34}{:>14}\n", name, grouped(count));
  return text + points_text(merged.sums);
}

std::string to_json(const Merged& merged, const std::string& program) {
  Json classes = Json::array();
  for (const auto& [failure, group] : merged.failures) {
    Json stories = Json::array();
    for (const Story& story : stories_of(group.examples)) {
      stories.push_back({{"faults", story.faults},
                         {"shrunk", story.example.shrunk},
                         {"seed", std::to_string(story.example.seed)},
                         {"event", story.example.event},
                         {"text", story.example.text},
                         {"file", story.example.file},
                         {"replay", replay_of(merged, story.example, program)}});
    }
    classes.push_back({{"property", failure.name.property},
                       {"kind", failure.name.kind},
                       {"event_kind", failure.event_kind},
                       {"check", failure.name.check},
                       {"exit_code", group.exit_code},
                       {"seeds", group.seeds},
                       {"stories", std::move(stories)}});
  }
  const Json json = {{"schema", "holdfast-sim/merge/1"},
                     {"version", version()},
                     {"core", merged.sweep.core},
                     {"scenario", merged.sweep.scenario},
                     {"profile", merged.sweep.profile},
                     {"arguments", merged.sweep.arguments},
                     {"exit_code", exit_code_of(merged)},
                     {"seeds_asked", merged.asked},
                     {"shards", merged.shards},
                     {"shards_finished", merged.shards_finished},
                     {"missing", merged.missing},
                     {"unfinished", merged.unfinished},
                     {"overlapping", merged.overlapping},
                     {"refused", merged.refused},
                     {"contradictions", merged.contradictions},
                     {"sums", merged.sums},
                     {"failures", std::move(classes)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_junit(const Merged& merged, const std::string& program) {
  std::string cases;
  std::size_t count = 0;
  std::size_t failed = 0;
  const auto add_case = [&](std::string_view name, const std::string& failure) {
    ++count;
    const std::string head = fmt::format("  <testcase classname=\"holdfast-sim.{}\" name=\"{}\"",
                                         merged.sweep.scenario,
                                         xml_escaped(name));
    if (failure.empty()) {
      cases += head + "/>\n";
      return;
    }
    ++failed;
    cases += fmt::format(
        "{}>\n    <failure message=\"{}\"/>\n  </testcase>\n", head, xml_escaped(failure));
  };
  const auto profile = merged.sweep.profile == name_of(sim::Profile::kDefault)
                           ? properties::Profile::kBudget
                           : properties::Profile::kBeyond;
  for (const properties::CatalogEntry& entry : properties::catalog()) {
    if (!sits(*entry.info, profile)) continue;
    std::string failure;
    for (const auto& [each, group] : merged.failures)
      if (each.name.property == entry.info->name)
        failure += group_text(merged, each, group, program);
    add_case(entry.info->name, failure);
  }
  for (const auto& [failure, group] : merged.failures)
    add_case(to_string(failure), group_text(merged, failure, group, program));
  for (const Notes& notes : notes_of(merged)) {
    if (&notes.lines == &merged.overlapping) continue;
    for (const std::string& line : notes.lines)
      add_case(fmt::format("{}: {}", notes.title, line), line);
  }
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<testsuite name=\"holdfast-sim sweep {}\" tests=\"{}\" failures=\"{}\" "
             "time=\"{:.3f}\">\n",
             merged.sweep.scenario,
             count,
             failed,
             static_cast<double>(merged.sums.real_ns) / 1e9) +
         cases + "</testsuite>\n";
}

std::string to_markdown(const Merged& merged, const std::string& program) {
  std::string text = fmt::format("### holdfast-sim sweep {}: {}\n\n| | |\n|---|---|\n",
                                 markdown_cell(merged.sweep.scenario),
                                 exit_name(exit_code_of(merged)));
  for (const auto& [name, value] : rows_of(merged))
    text += fmt::format("| {} | {} |\n", name, markdown_cell(value));
  std::string lines;
  std::string rows;
  for (const auto& [failure, group] : merged.failures) {
    rows += fmt::format("| {} ({}) | {} | {} | {} | |\n",
                        markdown_cell(failure.name.property),
                        failure.name.kind,
                        markdown_cell(failure.event_kind),
                        markdown_cell(failure.name.check),
                        grouped(group.seeds));
    for (const Story& story : stories_of(group.examples)) {
      rows += fmt::format("| | | | | {}: seed {}, event {}: {} |\n",
                          markdown_cell(faults_text(story)),
                          story.example.seed,
                          story.example.event,
                          markdown_cell(story.example.text));
      lines += replay_of(merged, story.example, program) + "\n";
    }
  }
  if (!rows.empty()) {
    text +=
        "\n**Failed**\n\n| property | event | check | seeds | what |\n|---|---|---|---:|---|\n" +
        rows + "\nReplay with\n\n```\n" + lines + "```\n";
  }
  for (const Notes& notes : notes_of(merged)) {
    if (notes.lines.empty()) continue;
    std::vector<std::string> cells;
    for (const std::string& line : notes.lines)
      cells.push_back(markdown_cell(line));
    text += fmt::format("\n**{}**\n\n", notes.title) + bulleted(cells, "* ");
  }
  return text + "\n";
}

std::string to_annotations(const Merged& merged, const std::string& program) {
  std::string text;
  for (const auto& [failure, group] : merged.failures) {
    for (const Story& story : stories_of(group.examples)) {
      text += to_string(Annotation{
          .place = failure.name.check,
          .title = fmt::format("holdfast-sim: {} ({})", failure.name.property, failure.name.kind),
          .text = fmt::format("{} seeds; {}: seed {}, event {}: {}\nreplay: {}",
                              grouped(group.seeds),
                              faults_text(story),
                              story.example.seed,
                              story.example.event,
                              story.example.text,
                              replay_of(merged, story.example, program))});
    }
  }
  for (const Notes& notes : notes_of(merged)) {
    if (notes.lines.empty()) continue;
    const bool wrong = &notes.lines == &merged.contradictions;
    text += to_string(
        Annotation{.level = wrong ? Annotation::Level::kError : Annotation::Level::kWarning,
                   .place = "",
                   .title = fmt::format("holdfast-sim sweep: {}", notes.title),
                   .text = bulleted(notes.lines, "")});
  }
  return text;
}

}  // namespace holdfast::tools
