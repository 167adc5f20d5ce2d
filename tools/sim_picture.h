#pragma once

// A run as something to look at: what the page of `--html` and the tracks of `--perfetto` are made
// of.  Plain data; sim_picture_recorder.h fills it, sim_picture_page.cc and sim_perfetto.cc write
// it.
//
// A row is a line of the trace (sim_trace.h): an event of the protocol, a frame and its fate, a
// fault, a life, a point.  Rows are named by their place, from 0, everywhere below.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/env/node_id.h"

#include "tools/sim_event_text.h"
#include "tools/sim_record.h"
#include "tools/sim_state.h"

namespace holdfast::tools {

using RowIndex = std::uint32_t;

// What kinds of rows have in common; decides shape, colour and lane.
enum class PictureGroup : std::uint8_t {
  kPromise,
  kVote,
  kPropose,
  kChoose,
  kLearn,
  kRefuse,
  kElection,
  kRecovery,
  kTruncation,
  kLife,
  kClient,
  kFault,
  kFrame,
  kPoint,
  kCount,
};

std::string_view name_of(PictureGroup group);

struct PictureKind {
  // As in the trace: "accepted", "frame sent".
  std::string name;
  PictureGroup group = PictureGroup::kPoint;
};

struct PictureRow {
  // Of the world.
  std::int64_t time_ns = 0;
  // How many events of the world have passed when this one is over: the state at a row is the one
  // after the last of them.
  std::uint64_t step = 0;
  // 0: nobody in particular.
  NodeId node;
  // Of a frame: who is at its other end.
  NodeId peer;
  // Indices of Picture::kinds and Picture::texts.
  std::uint16_t kind = 0;
  std::uint32_t text = 0;
  // The number after # in the trace; none: the row is no event of the protocol.
  std::optional<std::uint64_t> sequence;
  Subject subject;
  // Of Picture::messages.
  std::optional<std::uint32_t> message;
  // Of an event of a client: which operation it belongs to.
  std::optional<std::uint64_t> operation;
};

// One copy of a frame on its way.
struct PictureMessage {
  enum class Fate : std::uint8_t {
    // Still on its way, or held, when the picture ends.
    kUnderWay,
    kDelivered,
    kLost,
    // By the link, when it was sent or when it arrived.
    kCut,
    kOverflowed,
    kReceiverDown,
  };

  NodeId from;
  NodeId to;
  Fate fate = Fate::kUnderWay;
  bool damaged = false;
  // The second copy of a duplicated frame.
  bool duplicate = false;
  // None: before the window.
  std::optional<RowIndex> sent;
  // Where it was held by a frozen link, the first time.
  std::optional<RowIndex> held;
  std::optional<RowIndex> ended;
};

std::string_view name_of(PictureMessage::Fate fate);

// Something that lasts.
struct PictureSpan {
  enum class Kind : std::uint8_t { kFault, kOperation, kCandidacy, kReign, kCatchUp, kCount };

  Kind kind = Kind::kFault;
  // Whose it is.  Of a fault: whom it hits; none: the network, or everybody.
  sim::NodeSet nodes;
  RowIndex first = 0;
  // None: it lasts longer than the picture.
  std::optional<RowIndex> last;
  // It began before the window.
  bool begun_before = false;
  // "append", "cut at=1500ms for=200ms target=2", "ballot 3.0.1"
  std::string text;
  // How it ended: "ok", "unknown", "stepped down: ...", "crash"
  std::string outcome;
};

std::string_view name_of(PictureSpan::Kind kind);

// What a member's state was from a step on.
struct PictureState {
  std::uint64_t step = 0;
  NodeId node;
  MemberState state;
};

// What a member knew of a position from a step on, while that life of it lasted.
struct PictureRecord {
  std::uint64_t step = 0;
  NodeId node;
  Position position;
  // Of Picture::texts.
  std::uint32_t text = 0;
};

// Which events of the protocol a picture is about, by their numbers.
struct PictureWindow {
  std::uint64_t from = 0;
  std::optional<std::uint64_t> to;
};

struct Picture {
  // More would be no picture but a load for the browser.
  static constexpr std::size_t kRowsMax = 400'000;

  std::string scenario;
  std::string profile;
  std::uint64_t seed = 0;
  // What it is a picture of, if that is no seed of a scenario.
  std::string subject;

  std::string title() const;
  int nodes = 0;
  int quorum = 0;
  // The line that plays the run again.
  std::string replay;
  PictureWindow window;
  // Of the protocol, in the whole run; none: there was no event.
  std::optional<std::uint64_t> last_sequence;
  // Rows in the window, whether or not they fit.
  std::uint64_t rows_seen = 0;
  SeedRecord result;

  std::vector<PictureKind> kinds;
  std::vector<std::string> texts;
  std::vector<PictureRow> rows;
  std::vector<PictureMessage> messages;
  std::vector<PictureSpan> spans;
  std::vector<PictureState> states;
  std::vector<PictureRecord> records;

  bool fits() const { return rows_seen <= kRowsMax; }
};

// Why nobody could look at it, and what to do; nothing: it can be shown.
std::string problem_of(const Picture& picture);

// One self-contained page.
std::string page_of(const Picture& picture);

// Chrome's trace format, as ui.perfetto.dev and chrome://tracing load it.
std::string perfetto_of(const Picture& picture);

}  // namespace holdfast::tools
