#include "tools/real_trace.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string.h>

#include "real/ports/trace_file.h"

#include "properties/panel.h"
#include "tools/sim_build.h"
#include "tools/sim_event_text.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using real::LifeEnd;
using real::TracedEvent;
using real::TraceReader;

int complain(const std::string& text) {
  fmt::print(stderr, "holdfast-sim: {}\n", text);
  return kExitUsage;
}

std::string time_text(std::uint64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) return std::to_string(seconds);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string end_text(const LifeEnd& end) {
  switch (end.kind) {
    case LifeEnd::Kind::kNone:
      return "goes on, or was killed";
    case LifeEnd::Kind::kEnded:
      return fmt::format("ended at {} with exit code {}", time_text(end.at), end.number);
    case LifeEnd::Kind::kAborted:
      break;
  }
  const char* name = ::sigabbrev_np(static_cast<int>(end.number));
  return fmt::format("crashed at {} by signal {}{}",
                     time_text(end.at),
                     end.number,
                     name == nullptr ? "" : fmt::format(" (SIG{})", name));
}

// --- judging

enum class Deed : std::uint8_t { kCrash, kWipe, kDisk };

// One line of the merged story.
struct Happening {
  std::int64_t at = 0;
  NodeId node;
  // None: an event.
  std::optional<Deed> deed;
  EventKind kind{};
  std::vector<std::uint64_t> words;
  std::string bytes;
};

// Happenings by time.
class Source {
 public:
  virtual ~Source() = default;

  // False: there are no more, or error().
  virtual bool next(Happening& happening) = 0;

  // Empty: none.
  virtual std::string error() const = 0;
};

class TraceSource final : public Source {
 public:
  explicit TraceSource(std::unique_ptr<TraceReader> reader) : reader_(std::move(reader)) {}

  bool next(Happening& happening) override {
    TracedEvent event;
    if (!reader_->next(event)) return false;
    happening = {.at = event.at.ns(),
                 .node = reader_->head().member,
                 .deed = std::nullopt,
                 .kind = event.kind,
                 .words = std::move(event.words),
                 .bytes = std::move(event.bytes)};
    return true;
  }

  std::string error() const override { return reader_->damage(); }

 private:
  std::unique_ptr<TraceReader> reader_;
};

std::optional<Deed> deed_named(std::string_view name) {
  if (name == "crash") return Deed::kCrash;
  if (name == "wipe") return Deed::kWipe;
  if (name == "disk") return Deed::kDisk;
  return std::nullopt;
}

std::optional<EventKind> kind_named(std::string_view name) {
  for (unsigned number = 0; number < properties::KindSet::kCapacity; ++number) {
    const auto kind = static_cast<EventKind>(number);
    if (properties::words_of(kind) != properties::kUnknownKind && event_name(kind) == name) {
      return kind;
    }
  }
  return std::nullopt;
}

class NoteSource final : public Source {
 public:
  explicit NoteSource(const std::string& path) : path_(path), in_(path) {
    if (!in_) error_ = path + ": cannot be read";
  }

  bool next(Happening& happening) override {
    std::string line;
    if (!error_.empty() || !std::getline(in_, line)) return false;
    ++line_;
    const std::int64_t before = happening_at_;
    std::string wrong = parse(line, happening);
    happening_at_ = happening.at;
    if (wrong.empty() && happening.at < before) wrong = "is earlier than the line before";
    if (wrong.empty()) return true;
    error_ = fmt::format("{}:{}: {}", path_, line_, wrong);
    return false;
  }

  std::string error() const override { return error_; }

 private:
  static std::string parse(const std::string& line, Happening& happening) {
    std::istringstream words(line);
    unsigned node = 0;
    std::string what;
    happening = {};
    if (!(words >> happening.at >> node >> what) || node == 0 || node > 255) {
      return "wants TIME NODE WHAT, with a node from 1 to 255";
    }
    happening.node = NodeId{static_cast<std::uint8_t>(node)};
    happening.deed = deed_named(what);
    std::uint64_t word = 0;
    while (words >> word)
      happening.words.push_back(word);
    if (!words.eof()) return "has a word that is no number";
    const auto kind = kind_named(what);
    if (!happening.deed && !kind) return "there is no event '" + what + "'";
    happening.kind = kind.value_or(EventKind{});
    const std::size_t wanted = happening.deed ? 0 : properties::words_of(*kind);
    if (happening.words.size() == wanted) return "";
    return fmt::format("{} wants {} words, not {}", what, wanted, happening.words.size());
  }

  std::string path_;
  std::ifstream in_;
  std::size_t line_ = 0;
  std::int64_t happening_at_ = 0;
  std::string error_;
};

// Sources as one, by time; of equal times the source named first is first.
class Merged {
 public:
  void add(std::unique_ptr<Source> source) {
    sources_.push_back(std::move(source));
    draw(sources_.size() - 1);
  }

  bool next(Happening& happening) {
    if (heads_.empty()) return false;
    auto first = heads_.begin();
    happening = std::move(first->second);
    const std::size_t index = first->first.second;
    heads_.erase(first);
    draw(index);
    return true;
  }

  const std::string& error() const { return error_; }

 private:
  void draw(std::size_t index) {
    Happening happening;
    if (sources_[index]->next(happening)) {
      const std::pair key(happening.at, index);
      heads_.emplace(key, std::move(happening));
    } else if (error_.empty()) {
      error_ = sources_[index]->error();
    }
  }

  std::vector<std::unique_ptr<Source>> sources_;
  std::map<std::pair<std::int64_t, std::size_t>, Happening> heads_;
  std::string error_;
};

properties::Members members_of(unsigned count) {
  properties::Members members;
  for (unsigned id = 1; id <= count; ++id)
    members.ids.push_back(NodeId{static_cast<std::uint8_t>(id)});
  members.quorum = count / 2 + 1;
  return members;
}

// Lives are told apart by their first event; whoever boots again has died before, if nobody said
// so.
class Court {
 public:
  explicit Court(unsigned members) : panel_(members_of(members)) {}

  // What is wrong with it as an event; empty: nothing.
  std::string hear(const Happening& happening) {
    const NodeId node = happening.node;
    if (happening.deed) {
      do_deed(node, *happening.deed);
      return "";
    }
    if (properties::words_of(happening.kind) != happening.words.size()) {
      return fmt::format("node {} at {} ns: event {} with {} words",
                         node.value,
                         happening.at,
                         static_cast<unsigned>(happening.kind),
                         happening.words.size());
    }
    if (happening.kind == EventKind::kBooted) {
      if (alive_[node.value]) do_deed(node, Deed::kCrash);
      alive_[node.value] = true;
      panel_.on_boot(node);
    }
    if (happening.kind == EventKind::kStopped) panel_.on_storage_fault(node);
    ++counts_[happening.kind];
    panel_.on_event({.seq = ++seq_,
                     .time_ns = happening.at,
                     .node = node,
                     .kind = happening.kind,
                     .words = happening.words,
                     .bytes = happening.bytes});
    return "";
  }

  void finish() { panel_.finish(); }

  // Whether the judge of it can tell anything here.  Reads are the clients', who have no replica
  // (what they saw is judged by `history`); nobody says when all is healed, nor how often
  // coordinators may change.
  static bool counts(std::string_view property) {
    return property != "no_holes" && property != "refusals" && property != "progress" &&
           property != "steady";
  }

  std::vector<const properties::Violation*> violations() const {
    std::vector<const properties::Violation*> found;
    for (const properties::Violation& violation : panel_.verdict().violations())
      if (counts(violation.property)) found.push_back(&violation);
    return found;
  }

  std::uint64_t events() const { return seq_; }

  const std::map<EventKind, std::uint64_t>& event_counts() const { return counts_; }

  std::vector<std::string> properties() const {
    std::vector<std::string> names;
    for (const properties::PropertyInfo* info : panel_.sitting())
      if (counts(info->name)) names.emplace_back(info->name);
    return names;
  }

 private:
  void do_deed(NodeId node, Deed deed) {
    switch (deed) {
      case Deed::kCrash:
        if (std::exchange(alive_[node.value], false)) panel_.on_crash(node);
        return;
      case Deed::kWipe:
        panel_.on_wipe(node);
        return;
      case Deed::kDisk:
        panel_.on_storage_fault(node);
        return;
    }
  }

  properties::Panel panel_;
  std::array<bool, 256> alive_{};
  std::uint64_t seq_ = 0;
  std::map<EventKind, std::uint64_t> counts_;
};

int exit_code_of(const std::vector<const properties::Violation*>& violations) {
  if (violations.empty()) return kExitPassed;
  auto worst = violations.front()->failure;
  for (const properties::Violation* violation : violations)
    worst = std::max(worst, violation->failure);
  return properties::exit_code(worst);
}

void print_verdict(const Court& court, bool json) {
  const auto violations = court.violations();
  if (json) {
    nlohmann::ordered_json out;
    out["verdict"] = violations.empty() ? "clean" : "violated";
    out["events"] = court.events();
    out["properties"] = court.properties();
    for (const auto& [kind, count] : court.event_counts())
      out["kinds"][std::string(event_name(kind))] = count;
    out["violations"] = nlohmann::ordered_json::array();
    for (const properties::Violation* violation : violations)
      out["violations"].push_back(violation->describe());
    fmt::print("{}\n", out.dump(2));
    return;
  }
  for (const properties::Violation* violation : violations)
    fmt::print("{}\n", violation->describe());
  fmt::print("{}: {} events, judged by {} properties\n",
             violations.empty() ? "clean" : "violated",
             grouped(court.events()),
             court.properties().size());
  for (const auto& [kind, count] : court.event_counts())
    fmt::print("  {:<20} {:>12}\n", event_name(kind), grouped(count));
}

}  // namespace

int flight_command(const FlightCommand& command) {
  const auto reader = TraceReader::open(command.file);
  if (!reader) return complain(reader.error());
  std::deque<TracedEvent> last;
  std::uint64_t events = 0;
  for (TracedEvent event; (*reader)->next(event); ++events) {
    last.push_back(std::move(event));
    if (command.last > 0 && last.size() > command.last) last.pop_front();
  }
  const real::TraceHead& head = (*reader)->head();
  fmt::print("member {} of cluster {}, log {}\nstarted {}, {}\n",
             head.member.value,
             head.cluster,
             head.log,
             time_text(head.started),
             end_text((*reader)->end()));
  if (head.crashes > 0) fmt::print("{} lives before it crashed as well\n", head.crashes);
  fmt::print("{} events, the last {}; times to the last one\n", grouped(events), last.size());
  for (const TracedEvent& event : last) {
    const std::string time = "-" + seconds_text((last.back().at - event.at).ns());
    fmt::print("{}\n", event_line(time, event.kind, event.words, event.bytes));
  }
  if (!(*reader)->damage().empty()) return complain((*reader)->damage());
  return kExitPassed;
}

int judge_command(const JudgeCommand& command) {
  Merged merged;
  // Notes first: what was done to a member lies between its lives.
  for (const std::string& path : command.notes)
    merged.add(std::make_unique<NoteSource>(path));
  for (const std::string& path : command.traces) {
    auto reader = TraceReader::open(path);
    if (!reader) return complain(reader.error());
    merged.add(std::make_unique<TraceSource>(std::move(*reader)));
  }
  Court court(command.members);
  for (Happening happening; merged.next(happening);)
    if (const std::string wrong = court.hear(happening); !wrong.empty()) return complain(wrong);
  if (!merged.error().empty()) return complain(merged.error());
  court.finish();
  print_verdict(court, command.json);
  return exit_code_of(court.violations());
}

}  // namespace holdfast::tools
