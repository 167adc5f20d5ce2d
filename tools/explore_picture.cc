#include "tools/explore_picture.h"

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "protocol/env/check.h"

#include "protocol/events.h"

#include "sim/topology.h"

#include "tools/explore_bounds.h"
#include "tools/sim_picture_recorder.h"

namespace holdfast::tools {
namespace {

using explore::Kind;
using scenarios::Happened;
using sim::FrameMoment;
using sim::LifeMoment;

// Events have at most so many words.
constexpr std::size_t kWordsMax = 8;

class Drawing {
 public:
  explicit Drawing(int nodes)
      : recorder_(nodes, {}),
        members_(static_cast<std::size_t>(nodes)),
        lives_(members_.size()) {}

  void add(const Happened& happened) {
    at_ = at_ + Duration::milliseconds(1);
    before(happened);
    for (const explore::Seen& seen : happened.observed.seen)
      record(explore::id_of(happened.observed.node), seen);
    for (const Happened::Post& post : happened.sent)
      frame(FrameMoment::kSent, post);
    const bool cut = happened.event.kind == Kind::kCut;
    for (const Happened::Post& post : happened.gone)
      if (cut) frame(FrameMoment::kCut, post);
    after(happened);
    recorder_.on_world_event({.index = events_++, .time_ns = at_.ns()});
    for (std::size_t i = 0; i < members_.size(); ++i)
      recorder_.show(sim::node_at(static_cast<unsigned>(i)), members_[i]);
    for (auto& [where, text] : std::exchange(records_, {}))
      recorder_.show(where.first, where.second, std::move(text));
  }

  Picture take() { return recorder_.take(); }

  // Of the last event that a member recorded, from 0.
  std::uint64_t last_sequence() const { return sequence_ == 0 ? 0 : sequence_ - 1; }

  std::int64_t now_ns() const { return at_.ns(); }

 private:
  void before(const Happened& happened) {
    const explore::SystemEvent& event = happened.event;
    if (is_delivery(event.kind)) {
      const Happened::Post post{event.frame.sender, happened.to, happened.frame};
      if (event.kind == Kind::kDuplicate) frame(FrameMoment::kDuplicated, post);
      frame(FrameMoment::kDelivered, post);
    }
    if (event.kind != Kind::kBoot) return;
    ++lives_[event.node];
    members_[event.node] = {.life = MemberState::Life::kOpening};
    life(LifeMoment::kBooted, event.node);
  }

  void after(const Happened& happened) {
    switch (happened.event.kind) {
      case Kind::kCrash:
      case Kind::kCrashAtDelivery:
      case Kind::kCrashAtOperation:
        members_[happened.to] = {};
        return life(LifeMoment::kPowerLost, happened.to);
      case Kind::kWipe:
        members_[happened.to] = {};
        return life(LifeMoment::kWiped, happened.to);
      default:
        return;
    }
  }

  void life(LifeMoment moment, explore::Node node) {
    recorder_.on_life(
        {.at = at_, .moment = moment, .node = explore::id_of(node), .life = lives_[node]});
  }

  void frame(FrameMoment moment, const Happened::Post& post) {
    const Frame bytes = interned(post.frame);
    recorder_.on_frame({.at = at_,
                        .moment = moment,
                        .from = explore::id_of(post.from),
                        .to = explore::id_of(post.to),
                        .frame = bytes});
  }

  // The recorder tells frames apart by where they lie.
  Frame interned(const std::string& bytes) {
    const auto known =
        std::ranges::find_if(frames_, [&](const Frame& each) { return *each == bytes; });
    if (known != frames_.end()) return *known;
    return frames_.emplace_back(std::make_shared<const std::string>(bytes));
  }

  void record(NodeId node, const explore::Seen& seen) {
    HOLDFAST_CHECK(seen.words.size() <= kWordsMax, seen.words.size());
    follow(members_[sim::index_of(node)], seen.kind, seen.words);
    follow_record(node, seen.kind, seen.words);
    // An event lists its words; how many there are is known here only.
    const auto say = [&](std::initializer_list<std::uint64_t> words) {
      recorder_.on_event({.sequence = sequence_++,
                          .at = at_,
                          .node = node,
                          .kind = seen.kind,
                          .words = words,
                          .bytes = seen.bytes});
    };
    const auto& w = seen.words;
    switch (w.size()) {
      case 0:
        return say({});
      case 1:
        return say({w[0]});
      case 2:
        return say({w[0], w[1]});
      case 3:
        return say({w[0], w[1], w[2]});
      case 4:
        return say({w[0], w[1], w[2], w[3]});
      case 5:
        return say({w[0], w[1], w[2], w[3], w[4]});
      case 6:
        return say({w[0], w[1], w[2], w[3], w[4], w[5]});
      case 7:
        return say({w[0], w[1], w[2], w[3], w[4], w[5], w[6]});
      default:
        return say({w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]});
    }
  }

  // What the member says of itself.
  static void follow(MemberState& state, EventKind kind, const std::vector<std::uint64_t>& w) {
    switch (kind) {
      case EventKind::kRestored:
        state.life = MemberState::Life::kUp;
        state.status = static_cast<Status>(w[0]);
        state.promised = {w[1]};
        state.begin = {w[2]};
        if (w[4] != kNoPosition) state.end = Position{w[4]};
        state.incarnation = {static_cast<std::uint16_t>(w[6])};
        return;
      case EventKind::kRestoredLearned:
        learn(state, {{w[0]}, {w[1]}});
        return;
      case EventKind::kStatus:
        state.status = static_cast<Status>(w[0]);
        state.incarnation = {static_cast<std::uint16_t>(w[1])};
        state.promised = std::max(state.promised, Ballot{w[2]});
        return;
      case EventKind::kPromised:
        if (w[0] == kNoPosition) state.promised = std::max(state.promised, Ballot{w[1]});
        return;
      case EventKind::kAccepted:
        state.end = std::max(state.end.value_or(Position{}), Position{w[0]});
        return;
      case EventKind::kLearned:
        state.end = std::max(state.end.value_or(Position{}), Position{w[0]});
        learn(state, {{w[0]}, {w[0]}});
        return;
      case EventKind::kBegin:
        state.begin = {w[0]};
        return;
      case EventKind::kElected:
        state.coordinating = true;
        return;
      case EventKind::kSteppedDown:
        state.coordinating = false;
        return;
      default:
        return;
    }
  }

  // What it says of one position.
  void follow_record(NodeId node, EventKind kind, const std::vector<std::uint64_t>& w) {
    const auto words = words_text(kind, w);
    // After the position.
    const std::size_t comma = words.find(", ");
    const std::string rest = comma == std::string::npos ? words : words.substr(comma + 2);
    if (kind == EventKind::kPromised && w[0] != kNoPosition) {
      records_[{node, {w[0]}}] = "promised " + ballot_text({w[1]});
    } else if (kind == EventKind::kAccepted || kind == EventKind::kRestoredAction) {
      records_[{node, {w[0]}}] = "accepted: " + rest;
    } else if (kind == EventKind::kLearned) {
      records_[{node, {w[0]}}] = "learned " + rest;
    }
  }

  static void learn(MemberState& state, Interval range) {
    IntervalSet all;
    for (const Interval& each : state.learned)
      all.add(each.first, each.last);
    all.add(range.first, range.last);
    state.learned = all.list();
  }

  PictureRecorder recorder_;
  std::vector<MemberState> members_;
  std::vector<std::uint32_t> lives_;
  std::vector<Frame> frames_;
  // Of the step that happens.
  std::map<std::pair<NodeId, Position>, std::string> records_;
  Instant at_;
  std::uint64_t sequence_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace

Picture picture_of(const ExploreReport& report, std::string replay) {
  const scenarios::Explored& explored = report.explored;
  const int nodes = report.configuration.company.members;
  Drawing drawing(nodes);
  for (const Happened& happened : explored.counterexample)
    drawing.add(happened);
  Picture picture = drawing.take();
  const std::string& text = explored.result.violation.text;
  const std::size_t colon = text.find(':');
  picture.scenario = report.configuration.name;
  picture.profile = bounds_text(report.configuration.bounds);
  picture.quorum = nodes / 2 + 1;
  picture.replay = std::move(replay);
  picture.result.found.push_back(
      {.property = text.substr(0, colon),
       .kind = explored.is_stuck ? "liveness" : "safety",
       .event = drawing.last_sequence(),
       .event_kind = {},
       .time_ns = drawing.now_ns(),
       .node = 0,
       .text = colon == std::string::npos ? text : text.substr(colon + 2),
       .check =
           explored.is_stuck ? "sim/explore/fair_run.cc" : "scenarios/explore/log_referee.cc"});
  picture.subject = report.configuration.name + ", explored";
  picture.result.figures.exit_code = explored.is_stuck ? kExitLiveness : kExitSafety;
  picture.result.figures.simulated_ns = drawing.now_ns();
  picture.result.figures.counters.events = explored.counterexample.size();
  return picture;
}

}  // namespace holdfast::tools
