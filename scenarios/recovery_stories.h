#pragma once

// Stories of members that lose their disks and come back (docs/PROTOCOL.md 11), and chains of them:
// one after the other, in one run.

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/keyed_random.h"

#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

// Adds what happens in a story to a plan, later than what the plan has already.
class RecoveryTeller;

struct RecoveryStory {
  std::string_view name;
  std::string_view summary;
  void (*tell)(RecoveryTeller& teller);
  // Begins with empty directories, which the members initialise by themselves: only first in a
  // chain.
  bool from_nothing = false;
};

// Each of them can be told of three members or more and leaves a log that works, unless its name
// says otherwise: `recovery_dead_votes` and `recovery_outnumbered` need five.
std::span<const RecoveryStory> recovery_stories();

// `stories` in this order, of `members` members.  Requires: not empty, only the first begins from
// nothing.
RunPlan draw_recovery_chain(std::span<const RecoveryStory* const> stories,
                            std::uint64_t seed,
                            int members);

// Every disk of three is lost: the others can not help, and nobody may make up a log.
RunPlan draw_recovery_all_disks(std::uint64_t seed, sim::Profile profile);

// One of five members loses its disk every minute, for an hour, while a client appends.
RunPlan draw_recovery_hour(std::uint64_t seed, sim::Profile profile);

// The stories alone, for the catalogue.
RunPlan draw_recovery_under_load(std::uint64_t seed, sim::Profile profile);
RunPlan draw_recovery_crash_steps(std::uint64_t seed, sim::Profile profile);
RunPlan draw_recovery_wiped_again(std::uint64_t seed, sim::Profile profile);
RunPlan draw_recovery_dead_votes(std::uint64_t seed, sim::Profile profile);
RunPlan draw_recovery_deposed_writer(std::uint64_t seed, sim::Profile profile);
RunPlan draw_recovery_truncation(std::uint64_t seed, sim::Profile profile);
RunPlan draw_recovery_outnumbered(std::uint64_t seed, sim::Profile profile);
RunPlan draw_first_start(std::uint64_t seed, sim::Profile profile);

}  // namespace holdfast::scenarios
