#include "tools/sim_quarantine.h"

#include <algorithm>

#include <fmt/format.h>

#include "properties/catalog.h"
#include "scenarios/catalog.h"
#include "tools/sim_date.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using Error = tl::unexpected<std::string>;

constexpr std::string_view kSpace = " \t\r";

// Takes the next word off `line`; empty: there is none.
std::string take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
  const std::string word(line.substr(0, line.find_first_of(kSpace)));
  line.remove_prefix(word.size());
  return word;
}

bool is_property(std::string_view name) {
  const auto all = properties::catalog();
  return std::any_of(all.begin(), all.end(), [&](const properties::CatalogEntry& entry) {
    return entry.info->name == name;
  });
}

// What the entry names, is until when, and why.
std::string text_of(const QuarantineEntry& entry) {
  std::string text = entry.reason;
  if (!entry.issue.empty()) text += fmt::format(" ({})", entry.issue);
  if (!entry.until.empty()) text += fmt::format(" (until {})", entry.until);
  return text;
}

// What is wrong with what an entry names, or nothing.
std::string read_subject(std::string_view& line, QuarantineEntry& entry) {
  const std::string what = take_word(line);
  if (what == "capsule") {
    entry.capsule = take_word(line);
    if (entry.capsule.empty()) return "capsule needs the name of a decision file";
    if (entry.capsule.find('/') == std::string::npos) return "";
    return fmt::format("'{}' has folders in it; use the name of the file alone", entry.capsule);
  }
  if (what != "property") {
    return fmt::format("'{}' is no kind of entry; use capsule NAME or property SCENARIO PROPERTY",
                       what);
  }
  entry.scenario = take_word(line);
  entry.property = take_word(line);
  if (scenarios::find_scenario(entry.scenario) == nullptr) {
    return fmt::format("'{}' is no scenario; holdfast-sim list shows all", entry.scenario);
  }
  if (is_property(entry.property)) return "";
  return fmt::format("'{}' is no property; holdfast-sim list shows all", entry.property);
}

// The same for until when and why.
std::string read_terms(std::string_view line, QuarantineEntry& entry) {
  while (true) {
    std::string_view rest = line;
    const std::string word = take_word(rest);
    if (word.starts_with("until=")) {
      entry.until = word.substr(6);
      if (!is_date(entry.until)) {
        return fmt::format("'{}' is no date; use until=YYYY-MM-DD", entry.until);
      }
    } else if (word.starts_with("issue=")) {
      entry.issue = word.substr(6);
    } else {
      break;
    }
    line = rest;
  }
  line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
  entry.reason = line.substr(0, line.find_last_not_of(kSpace) + 1);
  if (entry.until.empty() && entry.issue.empty()) {
    return "an entry needs an end: until=YYYY-MM-DD, or issue=REFERENCE, before the reason";
  }
  return entry.reason.empty() ? "an entry needs a reason, as its last words" : "";
}

}  // namespace

tl::expected<QuarantineEntry, std::string> Quarantine::parse_entry(std::string_view line) {
  QuarantineEntry entry;
  std::string problem = read_subject(line, entry);
  if (problem.empty()) problem = read_terms(line, entry);
  if (!problem.empty()) return Error(problem);
  return entry;
}

tl::expected<Quarantine, std::string> Quarantine::parse(std::string_view text,
                                                        const std::string& path,
                                                        std::string_view today) {
  Quarantine quarantine;
  quarantine.path_ = path;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(whole.size() + 1, text.size()));
    std::string_view line = whole;
    line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
    if (line.empty() || line.front() == '#') continue;
    auto entry = parse_entry(line);
    if (!entry) return Error(fmt::format("{}, line {}: {}", path, number, entry.error()));
    entry->line = number;
    const bool expired = !entry->until.empty() && entry->until < today;
    quarantine.rows_.push_back({.entry = std::move(*entry), .expired = expired});
  }
  return quarantine;
}

Quarantine::Row* Quarantine::row_for_capsule(std::string_view capsule) {
  const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& each) {
    return !each.expired && !each.entry.capsule.empty() && each.entry.capsule == capsule;
  });
  return row == rows_.end() ? nullptr : &*row;
}

Quarantine::Row* Quarantine::row_for_property(std::string_view scenario,
                                              std::string_view property) {
  const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& each) {
    return !each.expired && each.entry.scenario == scenario && each.entry.property == property;
  });
  return row == rows_.end() ? nullptr : &*row;
}

std::string Quarantine::excuse(const Suspect& suspect) {
  if (Row* row = row_for_capsule(suspect.capsule)) {
    row->used = true;
    return text_of(row->entry);
  }
  // A run that was not the same twice breaks no property that a scenario could have.
  if (!suspect.record.divergence.empty() || suspect.record.found.empty()) return "";
  std::set<Row*> rows;
  std::string text;
  for (const Found& found : suspect.record.found) {
    Row* row = row_for_property(suspect.scenario, found.property);
    if (row == nullptr) return "";
    if (rows.insert(row).second) text += (text.empty() ? "" : "; ") + text_of(row->entry);
  }
  for (Row* row : rows)
    row->used = true;
  return text;
}

std::vector<std::string> Quarantine::stale(const Played& played) const {
  std::vector<std::string> notes;
  for (const auto& [entry, expired, used] : rows_) {
    const auto note = [&, line = entry.line](const std::string& text) {
      notes.push_back(fmt::format("{}:{}: {}", path_, line, text));
    };
    if (expired) {
      note(
          fmt::format("expired after {}: what it names counts again; remove the line, or give it "
                      "a later date",
                      entry.until));
    } else if (used) {
      continue;
    } else if (!entry.capsule.empty()) {
      if (played.capsules.empty()) continue;
      note(played.capsules.contains(entry.capsule)
               ? fmt::format("capsule {} passes now; remove the line", entry.capsule)
               : fmt::format("no decision file {} was played or written; remove the line, or mend "
                             "the name",
                             entry.capsule));
    } else if (const auto runs = played.runs.find(entry.scenario); runs != played.runs.end()) {
      note(fmt::format("none of {} runs of {} broke {}; remove the line if it is mended",
                       grouped(runs->second),
                       entry.scenario,
                       entry.property));
    }
  }
  return notes;
}

}  // namespace holdfast::tools
