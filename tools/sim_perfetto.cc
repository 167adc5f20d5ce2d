// A picture in Chrome's trace format ("JSON Array Format with metadata"): a process per replica and
// per client, and one for faults.  Frames are slices joined by flows, other rows are instants, what
// lasts is an asynchronous slice; a second track of a replica shows its status.

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/sim_build.h"
#include "tools/sim_picture.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::ordered_json;

// Processes: 1 to 255 are the replicas, clients come after them; viewers take 0 for the idle
// process.
constexpr int kClients = 1000;
constexpr int kWorld = 2000;
constexpr int kEvents = 1;
constexpr int kStatus = 2;
// Slices of no duration cannot carry flows.
constexpr std::int64_t kSliceNs = 1;

class Trace {
 public:
  explicit Trace(const Picture& picture) : picture_(picture) {}

  Json take() {
    place_rows();
    name_tracks();
    add_rows();
    add_spans();
    add_states();
    add_failures();
    std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
      return a.at_ns < b.at_ns;
    });
    Json list = std::move(named_);
    for (Event& each : events_)
      list.push_back(std::move(each.json));
    return list;
  }

 private:
  struct Event {
    std::int64_t at_ns = 0;
    Json json;
  };

  // Rows of one instant are told apart: each starts after the slice before it is over.
  void place_rows() {
    std::int64_t next = 0;
    for (const PictureRow& row : picture_.rows) {
      at_ns_.push_back(std::max(row.time_ns, next));
      next = at_ns_.back() + 2 * kSliceNs;
    }
    end_ns_ = next;
  }

  void add(std::string_view phase, std::int64_t at_ns, int process, int thread, Json json) {
    json["ph"] = phase;
    json["ts"] = static_cast<double>(at_ns) / 1000;
    json["pid"] = process;
    json["tid"] = thread;
    events_.push_back({at_ns, std::move(json)});
  }

  void name_track(int process, std::string_view name) {
    named_.push_back(
        {{"name", "process_name"}, {"ph", "M"}, {"pid", process}, {"args", {{"name", name}}}});
    named_.push_back({{"name", "process_sort_index"},
                      {"ph", "M"},
                      {"pid", process},
                      {"args", {{"sort_index", process == kWorld ? 0 : process}}}});
  }

  void name_thread(int process, int thread, std::string_view name) {
    named_.push_back({{"name", "thread_name"},
                      {"ph", "M"},
                      {"pid", process},
                      {"tid", thread},
                      {"args", {{"name", name}}}});
  }

  void name_tracks() {
    name_track(kWorld, "faults");
    name_thread(kWorld, kEvents, "events");
    for (int node = 1; node <= picture_.nodes; ++node) {
      name_track(node, fmt::format("replica {}", node));
      name_thread(node, kEvents, "events");
      name_thread(node, kStatus, "status");
      name_track(kClients + node, fmt::format("client {}", node));
      name_thread(kClients + node, kEvents, "events");
    }
  }

  int process_of(const PictureRow& row) const {
    const PictureGroup group = picture_.kinds[row.kind].group;
    if (group == PictureGroup::kFault) return kWorld;
    return row.node.value + (group == PictureGroup::kClient ? kClients : 0);
  }

  void add_rows() {
    std::vector<std::vector<std::size_t>> departures(picture_.rows.size());
    for (std::size_t i = 0; i < picture_.messages.size(); ++i)
      if (flows(picture_.messages[i])) departures[*picture_.messages[i].sent].push_back(i);
    for (std::size_t i = 0; i < picture_.rows.size(); ++i) {
      const PictureRow& row = picture_.rows[i];
      const PictureKind& kind = picture_.kinds[row.kind];
      const std::string& text = picture_.texts[row.text];
      Json args = {{"text", text}};
      if (row.sequence) args["event"] = *row.sequence;
      if (kind.group != PictureGroup::kFrame) {
        add("i",
            at_ns_[i],
            process_of(row),
            kEvents,
            {{"name", kind.name}, {"cat", name_of(kind.group)}, {"s", "t"}, {"args", args}});
        continue;
      }
      const std::string name = text.substr(0, text.find_first_of(" ,:"));
      const std::string arrow = fmt::format("{}{}", sends(row) ? ">" : "<", row.peer.value);
      args["fate"] = kind.name;
      add("B",
          at_ns_[i],
          row.node.value,
          kEvents,
          {{"name", fmt::format("{} {}", name, arrow)}, {"cat", "frame"}, {"args", args}});
      add_flows(i, departures[i]);
      add("E", at_ns_[i] + kSliceNs, row.node.value, kEvents, Json::object());
    }
  }

  bool sends(const PictureRow& row) const {
    return row.message && picture_.messages[*row.message].from == row.node;
  }

  // Both ends are shown, on two tracks.
  bool flows(const PictureMessage& message) const {
    return message.sent && message.ended && picture_.rows[*message.ended].node == message.to;
  }

  void add_flows(std::size_t i, const std::vector<std::size_t>& departures) {
    const PictureRow& row = picture_.rows[i];
    for (const std::size_t message : departures) {
      add("s",
          at_ns_[i],
          row.node.value,
          kEvents,
          {{"name", "frame"}, {"cat", "frame"}, {"id", message}});
    }
    if (!row.message) return;
    const PictureMessage& message = picture_.messages[*row.message];
    if (!flows(message) || message.ended != i) return;
    add("f",
        at_ns_[i],
        row.node.value,
        kEvents,
        {{"name", "frame"}, {"cat", "frame"}, {"id", *row.message}, {"bp", "e"}});
  }

  void add_spans() {
    for (std::size_t i = 0; i < picture_.spans.size(); ++i) {
      const PictureSpan& span = picture_.spans[i];
      const std::string_view kind = name_of(span.kind);
      if (span.nodes == sim::NodeSet() || span.kind == PictureSpan::Kind::kFault) {
        add_span(i, kWorld, span.text);
      } else {
        const bool is_client = span.kind == PictureSpan::Kind::kOperation;
        for_each_node(span.nodes, [&](NodeId id) {
          add_span(i,
                   id.value + (is_client ? kClients : 0),
                   is_client ? span.text : fmt::format("{}: {}", kind, span.text));
        });
      }
    }
  }

  void add_span(std::size_t i, int process, const std::string& name) {
    const PictureSpan& span = picture_.spans[i];
    const std::int64_t first = at_ns_[span.first];
    const std::int64_t last = span.last ? std::max(at_ns_[*span.last], first) : end_ns_;
    const Json id = {{"name", name}, {"cat", name_of(span.kind)}, {"id", i}};
    Json begin = id;
    begin["args"] = {{"outcome", span.outcome}};
    add("b", first, process, kEvents, std::move(begin));
    add("e", last + kSliceNs, process, kEvents, id);
  }

  // The row at which a step was over.
  std::int64_t time_of_step(std::uint64_t step) const {
    const auto after =
        std::upper_bound(picture_.rows.begin(),
                         picture_.rows.end(),
                         step,
                         [](std::uint64_t s, const PictureRow& row) { return s < row.step; });
    if (after == picture_.rows.begin()) return at_ns_.empty() ? 0 : at_ns_.front();
    return at_ns_[static_cast<std::size_t>(after - picture_.rows.begin()) - 1];
  }

  static std::string_view status_of(const MemberState& state) {
    if (state.paused) return "paused";
    if (state.life == MemberState::Life::kOpening) return "opening";
    return state.life == MemberState::Life::kUp ? status_text(state.status) : "";
  }

  void add_states() {
    std::array<std::string_view, 256> open{};
    for (const PictureState& each : picture_.states) {
      std::string_view& shown = open[each.node.value];
      const std::string_view status = status_of(each.state);
      if (status == shown) continue;
      const std::int64_t at = time_of_step(each.step);
      if (!shown.empty()) add("E", at, each.node.value, kStatus, Json::object());
      shown = status;
      if (!shown.empty()) {
        add("B", at, each.node.value, kStatus, {{"name", shown}, {"cat", "status"}});
      }
    }
    for (std::size_t node = 0; node < open.size(); ++node)
      if (!open[node].empty()) add("E", end_ns_, static_cast<int>(node), kStatus, Json::object());
  }

  void add_failures() {
    for (const Found& found : picture_.result.found) {
      const auto row =
          std::find_if(picture_.rows.begin(), picture_.rows.end(), [&](const PictureRow& each) {
            return each.sequence == found.event;
          });
      if (row == picture_.rows.end()) continue;
      add("i",
          at_ns_[static_cast<std::size_t>(row - picture_.rows.begin())],
          kWorld,
          kEvents,
          {{"name", "violated: " + found.property},
           {"cat", "failure"},
           {"s", "g"},
           {"args", {{"text", found.text}, {"event", found.event}, {"check", found.check}}}});
    }
  }

  const Picture& picture_;
  // When each row is shown.
  std::vector<std::int64_t> at_ns_;
  std::int64_t end_ns_ = 0;
  Json named_ = Json::array();
  std::vector<Event> events_;
};

}  // namespace

std::string perfetto_of(const Picture& picture) {
  const Json json = {{"displayTimeUnit", "ns"},
                     {"otherData",
                      {{"program", program_line()},
                       {"scenario", picture.scenario},
                       {"profile", picture.profile},
                       {"seed", std::to_string(picture.seed)},
                       {"fingerprint", hex16(picture.result.figures.fingerprint)},
                       {"replay", picture.replay}}},
                     {"traceEvents", Trace(picture).take()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace holdfast::tools
