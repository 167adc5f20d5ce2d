#include "tools/sim_picture_recorder.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/events.h"
#include "protocol/log.h"
#include "protocol/points.h"

#include "tools/sim_trace.h"

namespace holdfast::tools {
namespace {

using K = EventKind;
using Fate = PictureMessage::Fate;

PictureGroup group_of(EventKind kind) {
  switch (kind) {
    case K::kBooted:
    case K::kRestored:
    case K::kRestoredLearned:
    case K::kRestoredAction:
    case K::kStopped:
      return PictureGroup::kLife;
    case K::kPromised:
      return PictureGroup::kPromise;
    case K::kAccepted:
      return PictureGroup::kVote;
    case K::kLearned:
      return PictureGroup::kLearn;
    case K::kBegin:
      return PictureGroup::kTruncation;
    case K::kRefused:
      return PictureGroup::kRefuse;
    case K::kStatus:
    case K::kKnown:
    case K::kVouched:
    case K::kRegistered:
    case K::kCatchingUp:
    case K::kCaughtUp:
      return PictureGroup::kRecovery;
    case K::kElecting:
    case K::kElected:
    case K::kElectionLost:
    case K::kSteppedDown:
    case K::kCanvassing:
    case K::kCanvassed:
    case K::kHandedOver:
      return PictureGroup::kElection;
    case K::kProposed:
      return PictureGroup::kPropose;
    case K::kChosen:
      return PictureGroup::kChoose;
    case K::kAppendCalled:
    case K::kAppendReturned:
    case K::kTruncateCalled:
    case K::kTruncateReturned:
    case K::kElectCalled:
    case K::kElectReturned:
    case K::kReadCalled:
    case K::kReadEntry:
    case K::kReadReturned:
    case K::kCatchupCalled:
    case K::kCatchupReturned:
    case K::kReadRefused:
    case K::kBarrierCalled:
    case K::kBarrierReturned:
    case K::kAwaitCalled:
    case K::kAwaitReturned:
      return PictureGroup::kClient;
  }
  return PictureGroup::kPoint;
}

// Whether a member may know something new of the position it names.
bool changes_record(EventKind kind) {
  return kind == K::kPromised || kind == K::kAccepted || kind == K::kLearned ||
         kind == K::kRestoredAction;
}

Fate fate_of(sim::FrameMoment moment) {
  using Moment = sim::FrameMoment;
  switch (moment) {
    case Moment::kDelivered:
      return Fate::kDelivered;
    case Moment::kLost:
      return Fate::kLost;
    case Moment::kCut:
      return Fate::kCut;
    case Moment::kOverflowed:
      return Fate::kOverflowed;
    case Moment::kReceiverDown:
      return Fate::kReceiverDown;
    case Moment::kSent:
    case Moment::kHeld:
    case Moment::kDamaged:
    case Moment::kDuplicated:
      return Fate::kUnderWay;
  }
  return Fate::kUnderWay;
}

// Whom a fault hits; none: the network as a whole, or everybody.
sim::NodeSet hit_by(const sim::FaultNote& note, int nodes) {
  const sim::FaultInfo& info = sim::info(note.fault.kind);
  sim::NodeSet hit;
  if (note.node != NodeId{0}) hit = sim::NodeSet::of(note.node);
  if (info.group == sim::GroupMeaning::kNodes) hit = hit | sim::NodeSet{note.fault.group};
  if (info.group == sim::GroupMeaning::kLinks) {
    for_each_link(sim::LinkSet{note.fault.group}, [&](NodeId from, NodeId to) {
      hit = hit | sim::NodeSet::of(from) | sim::NodeSet::of(to);
    });
  }
  hit = hit & sim::NodeSet::first(nodes);
  return hit == sim::NodeSet::first(nodes) && nodes > 1 ? sim::NodeSet() : hit;
}

// Whether an end of it is announced.
bool ends_by_itself(const sim::FaultInfo& info) {
  return info.lasts && info.fault_class != sim::FaultClass::kCrashes &&
         info.fault_class != sim::FaultClass::kWipes;
}

bool is_return(std::string_view name) {
  return name.ends_with("_returned");
}

}  // namespace

PictureRecorder::PictureRecorder(int nodes, PictureWindow window)
    : window_(window),
      states_(static_cast<std::size_t>(nodes)) {
  picture_.nodes = nodes;
  picture_.window = window;
}

Picture PictureRecorder::take() {
  for (OpenSpan& each : std::exchange(open_, {}))
    picture_.spans.push_back(std::move(each.span));
  picture_.last_sequence = sequence_;
  // Those that nobody was told the end of come last; a reader wants them by their beginning.
  std::stable_sort(picture_.spans.begin(),
                   picture_.spans.end(),
                   [](const PictureSpan& a, const PictureSpan& b) { return a.first < b.first; });
  return std::move(picture_);
}

// --- rows

bool PictureRecorder::in_window() const {
  return !window_ends_ && (window_.from == 0 || (sequence_ && *sequence_ >= window_.from));
}

std::uint16_t PictureRecorder::kind_of(std::string_view name, PictureGroup group) {
  const auto known = kinds_.find(name);
  if (known != kinds_.end()) return known->second;
  const auto index = static_cast<std::uint16_t>(picture_.kinds.size());
  picture_.kinds.push_back({std::string(name), group});
  kinds_.emplace(name, index);
  return index;
}

std::uint32_t PictureRecorder::text_of(std::string text) {
  const auto [known, is_new] =
      texts_.try_emplace(text, static_cast<std::uint32_t>(picture_.texts.size()));
  if (is_new) picture_.texts.push_back(std::move(text));
  return known->second;
}

void PictureRecorder::add(PictureRow row) {
  here_.reset();
  latest_ = std::max(latest_, Instant() + Duration::nanoseconds(row.time_ns));
  if (!in_window()) return;
  if (before_window()) open_window();
  ++picture_.rows_seen;
  if (!picture_.fits()) return;
  row.step = passed_ + 1;
  here_ = static_cast<RowIndex>(picture_.rows.size());
  picture_.rows.push_back(std::move(row));
}

// What the window finds: the states of the members, and what they know of positions.
void PictureRecorder::open_window() {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    picture_.states.push_back(
        {.node = sim::node_at(static_cast<unsigned>(i)), .state = states_[i]});
  }
  for (const auto& [where, text] : before_)
    picture_.records.push_back({.node = where.first, .position = where.second, .text = text});
  before_.clear();
}

void PictureRecorder::on_event(const sim::TraceEvent& event) {
  const std::span<const std::uint64_t> words(event.words.begin(), event.words.end());
  const std::string_view name = event_name(event.kind);
  const PictureGroup group = group_of(event.kind);
  std::string text = words_text(event.kind, words);
  if (!event.bytes.empty()) text += fmt::format(": {}", event.bytes);
  sequence_ = event.sequence;
  const Subject subject = subject_of(event.kind, words);
  const bool is_client = group == PictureGroup::kClient && !words.empty();
  const std::string_view content(text);
  add({.time_ns = event.at.ns(),
       .node = event.node,
       .kind = kind_of(name, group),
       .text = in_window() ? text_of(text) : 0,
       .sequence = event.sequence,
       .subject = subject,
       .operation = is_client ? std::optional(words[0]) : std::nullopt});
  if (is_client) follow_client(event, name, content);
  follow_coordinator(event);
  if (changes_record(event.kind) && subject.positions) {
    named_.emplace_back(event.node, subject.positions->first);
  }
  window_ends_ = window_ends_ || (window_.to && event.sequence >= *window_.to);
}

void PictureRecorder::on_point(NodeId node, Point point) {
  if (!in_window()) return;
  const PointInfo& info = points()[static_cast<std::size_t>(point)];
  add({.time_ns = latest_.ns(),
       .node = node,
       .kind = kind_of("point", PictureGroup::kPoint),
       .text = text_of(std::string(info.text))});
}

void PictureRecorder::on_life(const sim::LifeNote& note) {
  add({.time_ns = note.at.ns(),
       .node = note.node,
       .kind = kind_of(name_of(note.moment), PictureGroup::kLife),
       .text = text_of(fmt::format("life {}", note.life))});
  switch (note.moment) {
    case sim::LifeMoment::kPowerLost:
    case sim::LifeMoment::kKilled:
    case sim::LifeMoment::kStopped:
    case sim::LifeMoment::kWiped:
      end_life(note.node, name_of(note.moment));
      return;
    case sim::LifeMoment::kBooted:
    case sim::LifeMoment::kResumed:
    case sim::LifeMoment::kPaused:
      return;
  }
}

void PictureRecorder::on_fault(const sim::FaultNote& note) {
  const std::string text = to_string(note.fault);
  add({.time_ns = note.at.ns(),
       .node = note.node,
       .kind = kind_of(moment_text(note.moment), PictureGroup::kFault),
       .text = text_of(text)});
  const std::uint64_t key = identity(note.fault);
  if (note.moment == sim::FaultMoment::kEnded) {
    close_span(SpanKind::kFault, note.node, key, "over");
  }
  if (note.moment != sim::FaultMoment::kBegan || !ends_by_itself(sim::info(note.fault.kind)))
    return;
  open_span(
      {.node = note.node,
       .key = key,
       .span = {.kind = SpanKind::kFault, .nodes = hit_by(note, picture_.nodes), .text = text}});
}

void PictureRecorder::on_heal(Instant at, sim::NodeSet core) {
  add({.time_ns = at.ns(),
       .kind = kind_of("healed", PictureGroup::kFault),
       .text = text_of("core " + to_string(core) + "; everything else stays as it is")});
  close_spans(
      [&](const OpenSpan& each) {
        return each.span.kind == SpanKind::kFault &&
               (each.span.nodes == sim::NodeSet() || (each.span.nodes & core) != sim::NodeSet());
      },
      "healed");
}

// --- spans

void PictureRecorder::open_span(OpenSpan open) {
  if (!here_ && !before_window()) return;
  open.span.first = here_.value_or(0);
  open.span.begun_before = !here_;
  open_.push_back(std::move(open));
}

template <typename Ends>
void PictureRecorder::close_spans(Ends ends, std::string_view outcome) {
  const auto ended = std::stable_partition(
      open_.begin(), open_.end(), [&](const OpenSpan& each) { return !ends(each); });
  for (auto each = ended; each != open_.end(); ++each) {
    if (before_window()) continue;
    each->span.last = here_;
    if (here_) each->span.outcome = outcome;
    picture_.spans.push_back(std::move(each->span));
  }
  open_.erase(ended, open_.end());
}

void PictureRecorder::close_span(SpanKind kind,
                                 NodeId node,
                                 std::uint64_t key,
                                 std::string_view outcome) {
  close_spans(
      [&](const OpenSpan& each) {
        return each.span.kind == kind && each.node == node && each.key == key;
      },
      outcome);
}

void PictureRecorder::follow_client(const sim::TraceEvent& event,
                                    std::string_view name,
                                    std::string_view text) {
  const std::uint64_t op = *event.words.begin();
  if (is_return(name)) {
    const std::size_t comma = text.find(", ");
    const std::string_view rest = comma == std::string_view::npos ? "" : text.substr(comma + 2);
    close_span(SpanKind::kOperation, event.node, op, rest);
    return;
  }
  constexpr std::string_view kCalled = "_called";
  if (!name.ends_with(kCalled)) return;
  open_span(
      {.node = event.node,
       .key = op,
       .span = {.kind = SpanKind::kOperation,
                .nodes = sim::NodeSet::of(event.node),
                .text = fmt::format("{} {}", name.substr(0, name.size() - kCalled.size()), text)}});
}

void PictureRecorder::follow_coordinator(const sim::TraceEvent& event) {
  const auto word = [&](std::size_t i) { return *(event.words.begin() + i); };
  const auto open = [&](SpanKind kind, std::uint64_t key, std::string text) {
    open_span(
        {.node = event.node,
         .key = key,
         .span = {.kind = kind, .nodes = sim::NodeSet::of(event.node), .text = std::move(text)}});
  };
  const auto ballot = [&] { return "ballot " + ballot_text({word(0)}); };
  const auto range = [&] { return word(0) * 31 + word(1); };
  if (event.kind == K::kElecting) open(SpanKind::kCandidacy, word(0), ballot());
  if (event.kind == K::kElected) {
    close_span(SpanKind::kCandidacy, event.node, word(0), "elected");
    open(SpanKind::kReign, word(0), ballot());
  }
  if (event.kind == K::kElectionLost || event.kind == K::kSteppedDown) {
    const bool lost = event.kind == K::kElectionLost;
    close_span(
        lost ? SpanKind::kCandidacy : SpanKind::kReign,
        event.node,
        word(0),
        fmt::format(
            "{}: {}", lost ? "lost" : "stepped down", failure_text(static_cast<Failure>(word(1)))));
  }
  if (event.kind == K::kCatchingUp) {
    open(SpanKind::kCatchUp, range(), fmt::format("positions {} to {}", word(0), word(1)));
  }
  if (event.kind == K::kCaughtUp) close_span(SpanKind::kCatchUp, event.node, range(), "caught up");
}

void PictureRecorder::end_life(NodeId node, std::string_view how) {
  close_spans(
      [&](const OpenSpan& each) { return each.span.kind != SpanKind::kFault && each.node == node; },
      how);
  std::erase_if(before_, [&](const auto& each) { return each.first.first == node; });
}

// --- frames

std::optional<std::uint32_t> PictureRecorder::add_message(PictureMessage message) {
  if (!here_) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(picture_.messages.size());
  picture_.messages.push_back(message);
  picture_.rows[*here_].message = index;
  return index;
}

void PictureRecorder::on_frame(const sim::FrameNote& note) {
  const bool leaves = at_sender(note);
  const bool shown = in_window();
  add({.time_ns = note.at.ns(),
       .node = leaves ? note.from : note.to,
       .peer = leaves ? note.to : note.from,
       .kind = kind_of("frame " + std::string(name_of(note.moment)), PictureGroup::kFrame),
       .text = shown ? text_of(frame_text(codec_, *note.frame)) : 0,
       .subject = shown ? subject_of(codec_, *note.frame) : Subject()});
  using Moment = sim::FrameMoment;
  switch (note.moment) {
    case Moment::kSent:
      note_sent(note);
      return;
    case Moment::kDuplicated:
      note_copy(note);
      return;
    case Moment::kDamaged:
      note_damage(note);
      return;
    case Moment::kDelivered:
    case Moment::kLost:
    case Moment::kCut:
    case Moment::kOverflowed:
    case Moment::kHeld:
    case Moment::kReceiverDown:
      note_fate(note);
      return;
  }
}

// Whether the note is of the sender's step, or of an arrival.
bool PictureRecorder::at_sender(const sim::FrameNote& note) const {
  using Moment = sim::FrameMoment;
  switch (note.moment) {
    case Moment::kSent:
    case Moment::kLost:
    case Moment::kOverflowed:
    case Moment::kDamaged:
    case Moment::kDuplicated:
      return true;
    case Moment::kDelivered:
    case Moment::kHeld:
    case Moment::kReceiverDown:
      return false;
    case Moment::kCut:
      // A link is cut for what is sent and for what arrives.
      return departing_ && departing_->flight == Flight{note.frame, note.from, note.to};
  }
  return false;
}

// Copies of one frame on one link cannot be told apart: the first sent is taken for the first to
// arrive.
PictureRecorder::Flights::iterator PictureRecorder::copy_of(const sim::FrameNote& note) {
  const bool leaves = at_sender(note);
  const auto [first, last] = flights_.equal_range(
      leaves && departing_ ? departing_->flight : Flight{note.frame, note.from, note.to});
  for (auto copy = first; copy != last; ++copy)
    if (!leaves || !departing_ || copy->second == departing_->message) return copy;
  return flights_.end();
}

void PictureRecorder::note_sent(const sim::FrameNote& note) {
  const auto message = add_message({.from = note.from, .to = note.to, .sent = here_});
  departing_ = Departure{{note.frame, note.from, note.to}, message};
  flights_.emplace(departing_->flight, message);
}

// The row before is the one that says it was sent.
void PictureRecorder::note_copy(const sim::FrameNote& note) {
  const auto sent = here_ && *here_ > 0 ? std::optional(*here_ - 1) : std::nullopt;
  const auto message =
      add_message({.from = note.from, .to = note.to, .duplicate = true, .sent = sent});
  flights_.emplace(Flight{note.frame, note.from, note.to}, message);
}

// The first copy, which was noted as sent, goes on as other bytes.
void PictureRecorder::note_damage(const sim::FrameNote& note) {
  const auto copy = copy_of(note);
  if (copy == flights_.end()) return;
  const std::optional<std::uint32_t> message = copy->second;
  flights_.erase(copy);
  flights_.emplace(Flight{note.frame, note.from, note.to}, message);
  if (message) picture_.messages[*message].damaged = true;
  if (here_) picture_.rows[*here_].message = message;
}

void PictureRecorder::note_fate(const sim::FrameNote& note) {
  const auto copy = copy_of(note);
  if (copy == flights_.end()) return;
  std::optional<std::uint32_t>& message = copy->second;
  if (here_) {
    if (!message) message = add_message({.from = note.from, .to = note.to});
    PictureMessage& shown = picture_.messages[*message];
    if (note.moment == sim::FrameMoment::kHeld) {
      if (!shown.held) shown.held = here_;
    } else {
      shown.fate = fate_of(note.moment);
      shown.ended = here_;
    }
    picture_.rows[*here_].message = message;
  }
  if (note.moment != sim::FrameMoment::kHeld) flights_.erase(copy);
}

// --- states

void PictureRecorder::on_world_event(const sim::EventRecord& record) {
  passed_ = record.index + 1;
  departing_.reset();
  if (cluster_ == nullptr || window_over_) return;
  for (int i = 0; i < picture_.nodes; ++i)
    note_state(sim::node_at(static_cast<unsigned>(i)));
  note_records();
  window_over_ = window_ends_;
}

void PictureRecorder::note_state(NodeId node) {
  show(node, state_of(*cluster_, node));
}

void PictureRecorder::show(NodeId node, MemberState state) {
  MemberState& known = states_[sim::index_of(node)];
  if (state == known) return;
  known = std::move(state);
  if (!before_window()) picture_.states.push_back({passed_, node, known});
}

void PictureRecorder::note_records() {
  std::sort(named_.begin(), named_.end());
  named_.erase(std::unique(named_.begin(), named_.end()), named_.end());
  for (const auto& [id, position] : std::exchange(named_, {})) {
    const Node* node = cluster_->node(id);
    if (node == nullptr || !node->is_ready()) continue;
    show(id, position, record_text(*node, position));
  }
}

void PictureRecorder::show(NodeId node, Position position, std::string record) {
  const std::uint32_t text = text_of(std::move(record));
  if (before_window()) {
    before_[{node, position}] = text;
  } else {
    picture_.records.push_back({passed_, node, position, text});
  }
}

}  // namespace holdfast::tools
