#pragma once

// One life of a node on ports that the checker holds: what it asks of the world waits here until
// the checker lets it happen.
//
// Time passes only when an alarm rings, and then exactly as far as to the alarm; every life begins
// at the same instant.  Draws are functions of the node, the life and how many there were.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/explore/company.h"
#include "sim/explore/fingerprint.h"

namespace holdfast::explore {

// One event that a node recorded.
struct Seen {
  EventKind kind;
  std::vector<std::uint64_t> words;
  std::string bytes;

  friend auto operator<=>(const Seen&, const Seen&) = default;
};

struct Sent {
  Node to;
  Frame frame;
};

// What leaves a node at the end of a step.
struct Effects {
  std::vector<Sent> sent;
  std::vector<Seen> seen;
};

// What can happen to a live node next.
struct Standing {
  bool hears = false;
  bool alarm = false;
  std::uint8_t asks = 0;
  // By lane: a job waits to be run.
  std::array<bool, 2> jobs{};

  friend bool operator==(const Standing&, const Standing&) = default;
};

inline constexpr std::array kLanes{Lane::kCommit, Lane::kBulk};

// When a job of a node's disk runs.
enum class Disks : std::uint8_t {
  kSlow,   // as an event of its own: whatever else may come before
  kEager,  // at once, in the step that asked for it; the power may fail before each
};

// What tells one local state from another.
enum class Identity : std::uint8_t {
  kHistory,  // all that happened since the boot
  kState,    // what the node says that its future depends on
};

struct Terms {
  Disks disks = Disks::kSlow;
  Identity identity = Identity::kState;
  // Whether it is tried that histories which came to one state go on alike.
  bool audit = false;
};

// Which of the jobs that stand first in their lanes had run when the power failed.
struct Cut {
  std::array<bool, 2> ran{};
};

// All that there are.
std::vector<Cut> cuts(const Standing& standing);

class Life {
 public:
  // `life` counts the lives of the node, from 1.  The company outlives it.
  Life(const Company& company, Node node, std::uint32_t life, const Image& image, Terms terms);
  ~Life();

  // Steps.  Each lasts until the node waits.
  Effects start();
  Effects deliver(const Frame& frame);
  Effects ring();
  Effects finish_job(Lane lane);
  Effects perform(Operation operation);
  Effects break_disk(bool done);

  Standing standing() const;

  bool deaf_to(const Frame& frame, Losses losses) const;

  // Requires: Identity::kState.  Between steps.
  Fingerprint state_name() const;

  // Eager disks: the power will fail in the next step, after so many of its jobs.
  void fail_after(unsigned jobs) { jobs_left_ = jobs; }

  // Eager disks: how many jobs the last step ran.
  unsigned jobs_run() const { return jobs_run_; }

  // The process has ended by itself in the last step.
  bool ended() const { return actor_->ended(); }

  // Requires: ended().  What its disk holds.
  Image left_behind() const { return actor_->survivors().front(); }

  // The power fails: what the disk may hold then.  Nothing else may be asked of it afterwards.
  std::vector<Image> crash(Cut cut);

 private:
  class Ports;

  template <typename Step>
  Effects step(const Fingerprint& input, Step step);

  void finish(Lane lane);

  Node node_;
  Terms terms_;
  std::optional<unsigned> jobs_left_;
  unsigned jobs_run_ = 0;
  std::unique_ptr<Ports> ports_;
  std::unique_ptr<Actor> actor_;
};

// What a frame is to the rest of the world.
Fingerprint fingerprint_of_frame(Node to, std::string_view bytes);

// Of what a node is given in a step; for a delivery that is fingerprint_of_frame().
enum class Given : std::uint32_t { kBoot = 1, kRing, kFinishJob, kPerform, kDiskError };

Fingerprint name_of(Given given, std::uint32_t argument);

}  // namespace holdfast::explore
