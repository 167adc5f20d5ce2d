// The page: a template (tools/picture/) with the picture in it as JSON.  Rows and messages are
// columns of numbers, texts are listed once: 50,000 events are a few megabytes.

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "picture_template.h"
#include "properties/catalog.h"
#include "tools/sim_build.h"
#include "tools/sim_picture.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::ordered_json;

template <typename Index>
Json or_none(const std::optional<Index>& index) {
  return index ? Json(*index) : Json(-1);
}

// Ballots, each listed once.
class Ballots {
 public:
  Json of(const std::optional<Ballot>& ballot) {
    if (!ballot) return -1;
    const auto [known, is_new] = known_.try_emplace(*ballot, list_.size());
    if (is_new) list_.push_back(ballot_text(*ballot));
    return known->second;
  }

  Json take() { return std::move(list_); }

 private:
  std::map<Ballot, std::size_t> known_;
  Json list_ = Json::array();
};

Json kinds_json(const Picture& picture) {
  Json rows = Json::array();
  for (const PictureKind& kind : picture.kinds)
    rows.push_back({kind.name, name_of(kind.group)});
  return rows;
}

// One array per field; `range` has what concerns more than one position.
Json rows_json(const Picture& picture, Ballots& ballots) {
  Json time = Json::array(), step = Json::array(), node = Json::array(), peer = Json::array();
  Json kind = Json::array(), text = Json::array(), sequence = Json::array();
  Json position = Json::array(), ballot = Json::array(), message = Json::array();
  Json range = Json::array(), operation = Json::array();
  // Times and steps as differences: shorter.
  PictureRow last;
  for (std::size_t i = 0; i < picture.rows.size(); ++i) {
    const PictureRow& row = picture.rows[i];
    time.push_back(row.time_ns - last.time_ns);
    step.push_back(row.step - last.step);
    last.time_ns = row.time_ns;
    last.step = row.step;
    node.push_back(row.node.value);
    peer.push_back(row.peer.value);
    kind.push_back(row.kind);
    text.push_back(row.text);
    sequence.push_back(or_none(row.sequence));
    ballot.push_back(ballots.of(row.subject.ballot));
    message.push_back(or_none(row.message));
    operation.push_back(or_none(row.operation));
    const auto& about = row.subject.positions;
    position.push_back(about ? Json(about->first.value) : Json(-1));
    if (about && about->first != about->last) range.push_back({i, about->last.value});
  }
  return {{"time", std::move(time)},
          {"step", std::move(step)},
          {"node", std::move(node)},
          {"peer", std::move(peer)},
          {"kind", std::move(kind)},
          {"text", std::move(text)},
          {"event", std::move(sequence)},
          {"position", std::move(position)},
          {"range", std::move(range)},
          {"ballot", std::move(ballot)},
          {"message", std::move(message)},
          {"operation", std::move(operation)}};
}

Json messages_json(const Picture& picture) {
  Json from = Json::array(), to = Json::array(), fate = Json::array(), marks = Json::array();
  Json sent = Json::array(), held = Json::array(), ended = Json::array();
  for (const PictureMessage& message : picture.messages) {
    from.push_back(message.from.value);
    to.push_back(message.to.value);
    fate.push_back(static_cast<int>(message.fate));
    marks.push_back((message.damaged ? 1 : 0) + (message.duplicate ? 2 : 0));
    sent.push_back(or_none(message.sent));
    held.push_back(or_none(message.held));
    ended.push_back(or_none(message.ended));
  }
  Json fates = Json::array();
  for (int i = 0; i <= static_cast<int>(PictureMessage::Fate::kReceiverDown); ++i)
    fates.push_back(name_of(static_cast<PictureMessage::Fate>(i)));
  return {{"from", std::move(from)},
          {"to", std::move(to)},
          {"fate", std::move(fate)},
          {"marks", std::move(marks)},
          {"sent", std::move(sent)},
          {"held", std::move(held)},
          {"ended", std::move(ended)},
          {"fates", std::move(fates)}};
}

Json spans_json(const Picture& picture) {
  Json rows = Json::array();
  for (const PictureSpan& span : picture.spans) {
    Json nodes = Json::array();
    for_each_node(span.nodes, [&](NodeId id) { nodes.push_back(id.value); });
    rows.push_back({{"kind", name_of(span.kind)},
                    {"nodes", std::move(nodes)},
                    {"first", span.first},
                    {"last", or_none(span.last)},
                    {"before", span.begun_before},
                    {"text", span.text},
                    {"outcome", span.outcome}});
  }
  return rows;
}

std::string_view life_text(const MemberState& state) {
  switch (state.life) {
    case MemberState::Life::kDown:
      return "down";
    case MemberState::Life::kOpening:
      return "opening";
    case MemberState::Life::kUp:
      return status_text(state.status);
  }
  return "down";
}

// Of a member that does not know itself yet, only that.
Json states_json(const Picture& picture) {
  Json rows = Json::array();
  for (const PictureState& each : picture.states) {
    const MemberState& state = each.state;
    Json row = {{"step", each.step}, {"node", each.node.value}, {"status", life_text(state)}};
    if (state.paused) row["paused"] = true;
    if (state.life == MemberState::Life::kUp) {
      Json learned = Json::array();
      for (const Interval& run : state.learned) {
        learned.push_back(run.first.value);
        learned.push_back(run.last.value);
      }
      row["incarnation"] = state.incarnation.value;
      row["promised"] = ballot_text(state.promised);
      row["begin"] = state.begin.value;
      row["end"] = state.end ? Json(state.end->value) : Json(-1);
      row["learned"] = std::move(learned);
      if (state.coordinating) row["coordinating"] = true;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Json records_json(const Picture& picture) {
  Json rows = Json::array();
  for (const PictureRecord& each : picture.records)
    rows.push_back({each.step, each.node.value, each.position.value, each.text});
  return rows;
}

Json found_json(const Found& found) {
  Json json = {{"property", found.property},
               {"kind", found.kind},
               {"event", found.event},
               {"time_ns", found.time_ns},
               {"node", found.node},
               {"text", found.text},
               {"check", found.check}};
  for (const properties::CatalogEntry& entry : properties::catalog()) {
    if (entry.info->name != found.property) continue;
    json["statement"] = entry.info->statement;
    json["reference"] = entry.info->reference;
  }
  return json;
}

// The failure to show first: of the heaviest kind, the earliest.
Json failures_json(const Picture& picture) {
  Json rows = Json::array();
  const std::string_view heaviest = exit_name(picture.result.exit_code());
  for (const bool first : {true, false})
    for (const Found& found : picture.result.found)
      if ((found.kind == heaviest) == first) rows.push_back(found_json(found));
  return rows;
}

std::string_view outcome_name(const SeedRecord& result) {
  if (result.exit_code() != kExitPassed) return exit_name(result.exit_code());
  return result.figures.outcome == scenarios::RunOutcome::kUndecided ? "undecided" : "passed";
}

Json run_json(const Picture& picture) {
  const SeedRecord& result = picture.result;
  return {{"scenario", picture.scenario},
          {"profile", picture.profile},
          {"seed", std::to_string(picture.seed)},
          {"title", picture.title()},
          {"nodes", picture.nodes},
          {"quorum", picture.quorum},
          {"program", program_line()},
          {"core", hex16(core_hash())},
          {"fingerprint", hex16(result.figures.fingerprint)},
          {"replay", picture.replay},
          {"outcome", outcome_name(result)},
          {"failed", result.failed()},
          {"note", result.note},
          {"simulated_ns", result.figures.simulated_ns},
          {"world_events", result.figures.counters.events},
          {"last_event", or_none(picture.last_sequence)},
          {"from", picture.window.from},
          {"to", or_none(picture.window.to)},
          {"failures", failures_json(picture)}};
}

Json picture_json(const Picture& picture) {
  Ballots ballots;
  Json rows = rows_json(picture, ballots);
  return {{"schema", "holdfast-sim/picture/1"},
          {"run", run_json(picture)},
          {"kinds", kinds_json(picture)},
          {"texts", picture.texts},
          {"ballots", ballots.take()},
          {"rows", std::move(rows)},
          {"messages", messages_json(picture)},
          {"spans", spans_json(picture)},
          {"states", states_json(picture)},
          {"records", records_json(picture)}};
}

// JSON for the inside of a <script>: no text can end the element, or begin a comment there.  In
// JSON a '<' stands in strings only.
std::string script_safe(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string html_safe(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string title_of(const Picture& picture) {
  const SeedRecord& result = picture.result;
  std::string title = picture.title() + ": ";
  title += outcome_name(result);
  if (!result.found.empty()) {
    title += fmt::format(", {} at #{}", result.found.front().property, result.found.front().event);
  }
  return title;
}

}  // namespace

std::string page_of(const Picture& picture) {
  std::string page;
  std::string_view rest = kPageHtml;
  const auto fill = [&](std::string_view mark, std::string_view content) {
    const std::size_t at = rest.find(mark);
    HOLDFAST_CHECK(at != std::string_view::npos, mark);
    page += rest.substr(0, at);
    page += content;
    rest.remove_prefix(at + mark.size());
  };
  fill("{{title}}", html_safe(title_of(picture)));
  fill("{{css}}", kPageCss);
  fill("{{data}}", script_safe(picture_json(picture)));
  fill("{{js}}", kPageJs);
  page += rest;
  return page;
}

}  // namespace holdfast::tools
