#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocol/codec/codec.h"

#include "sim/event_record.h"
#include "sim/observer.h"

#include "scenarios/cluster.h"
#include "tools/sim_picture.h"

namespace holdfast::tools {

// Watches a run and draws up its picture: the watcher and the event sink of scenarios::RunHooks.
// Watching changes nothing; what is shown of a member is read from it between two events of the
// world.
class PictureRecorder final : public sim::Observer, public sim::EventSink {
 public:
  // Of a run of so many nodes.
  PictureRecorder(int nodes, PictureWindow window);

  // The cluster that is watched; outlives the last call of what follows.
  void attach(scenarios::Cluster& cluster) { cluster_ = &cluster; }

  // Instead of a cluster: what a member is from the event of the world on that happens.
  void show(NodeId node, MemberState state);
  void show(NodeId node, Position position, std::string record);

  // The run is over.  The fields that name the run are the caller's to fill in.
  Picture take();

  void on_world_event(const sim::EventRecord& record) override;

  void on_event(const sim::TraceEvent& event) override;
  void on_point(NodeId node, Point point) override;
  void on_life(const sim::LifeNote& note) override;
  void on_fault(const sim::FaultNote& note) override;
  void on_heal(Instant at, sim::NodeSet core) override;

  bool wants_frames() const override { return true; }

  void on_frame(const sim::FrameNote& note) override;

 private:
  using SpanKind = PictureSpan::Kind;

  // A frame on one link.  Keeps the bytes, so that no other frame gets their address.
  struct Flight {
    Frame frame;
    NodeId from;
    NodeId to;

    auto operator<=>(const Flight&) const = default;
  };

  using Flights = std::multimap<Flight, std::optional<std::uint32_t>>;

  struct Departure {
    Flight flight;
    std::optional<std::uint32_t> message;
  };

  // A span that has not ended: of whom, and which operation or fault.
  struct OpenSpan {
    NodeId node;
    std::uint64_t key = 0;
    PictureSpan span;
  };

  bool in_window() const;

  // Nothing was noted yet, and something will be.
  bool before_window() const { return picture_.rows_seen == 0; }

  std::uint16_t kind_of(std::string_view name, PictureGroup group);
  std::uint32_t text_of(std::string text);
  // Sets here_.
  void add(PictureRow row);
  void open_window();

  void open_span(OpenSpan span);
  // Ends those that `ends` says.
  template <typename Ends>
  void close_spans(Ends ends, std::string_view outcome);
  void close_span(SpanKind kind, NodeId node, std::uint64_t key, std::string_view outcome);
  void follow_client(const sim::TraceEvent& event, std::string_view name, std::string_view text);
  void follow_coordinator(const sim::TraceEvent& event);
  void end_life(NodeId node, std::string_view how);

  bool at_sender(const sim::FrameNote& note) const;
  // The copy that `note` is about.
  Flights::iterator copy_of(const sim::FrameNote& note);
  void note_sent(const sim::FrameNote& note);
  void note_copy(const sim::FrameNote& note);
  void note_damage(const sim::FrameNote& note);
  void note_fate(const sim::FrameNote& note);
  // None: outside the window.
  std::optional<std::uint32_t> add_message(PictureMessage message);

  void note_state(NodeId node);
  void note_records();

  const PictureWindow window_;
  scenarios::Cluster* cluster_ = nullptr;
  Codec codec_;
  Picture picture_;
  std::unordered_map<std::string, std::uint32_t> texts_;
  std::map<std::string, std::uint16_t, std::less<>> kinds_;
  // How many events of the world are over.
  std::uint64_t passed_ = 0;
  // Of the world, as of the last note: points have no time of their own.
  Instant latest_;
  std::optional<std::uint64_t> sequence_;
  // The event that ends the window was seen, and the event of the world that it is part of is over.
  bool window_ends_ = false;
  bool window_over_ = false;
  // Where the row that is being noted stands; none: outside the window, or too many.
  std::optional<RowIndex> here_;
  // Copies on their way; no message: outside the window.
  Flights flights_;
  // What was sent last, while its fate is not known.
  std::optional<Departure> departing_;
  std::vector<OpenSpan> open_;
  std::vector<MemberState> states_;
  // Positions that members named in the event of the world that happens.
  std::vector<std::pair<NodeId, Position>> named_;
  // What was known of positions when the window began.
  std::map<std::pair<NodeId, Position>, std::uint32_t> before_;
};

}  // namespace holdfast::tools
