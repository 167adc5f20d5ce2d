#include "sim/explore/replay_space.h"

#include <algorithm>
#include <array>

#include "protocol/env/check.h"

namespace holdfast::explore {
namespace {

constexpr std::size_t kWordsOfEvent = 3;

std::array<std::uint32_t, kWordsOfEvent> words_of(const SystemEvent& event) {
  return {static_cast<std::uint32_t>(event.kind) << 16 | event.node << 8 | event.frame.sender,
          event.argument << 8 | event.variant,
          event.frame.step << 8 | event.frame.output};
}

SystemEvent event_of(Words words) {
  return {.kind = static_cast<Kind>(words[0] >> 16),
          .frame = {.sender = words[0] & 0xff, .step = words[2] >> 8, .output = words[2] & 0xff},
          .node = words[0] >> 8 & 0xff,
          .argument = words[1] >> 8,
          .variant = words[1] & 0xff};
}

}  // namespace

void ReplaySpace::initial(Transitions& out) {
  out.add(0, {});
}

System ReplaySpace::play(Words state) const {
  System system(company_, referee_, bounds_, terms_, reductions_);
  for (const SystemEvent& event : start_)
    HOLDFAST_CHECK(system.apply(event));
  for (const SystemEvent& event : events_of(state))
    HOLDFAST_CHECK(system.apply(event));
  return system;
}

std::vector<SystemEvent> ReplaySpace::events_of(Words state) {
  std::vector<SystemEvent> events;
  for (std::size_t i = 0; i < state.size(); i += kWordsOfEvent)
    events.push_back(event_of(state.subspan(i, kWordsOfEvent)));
  return events;
}

void ReplaySpace::successors(Words state, Transitions& out) {
  recent_.clear();
  const System before = play(state);
  EventName number = 0;
  for (const SystemEvent& event : before.possible()) {
    System after = play(state);
    HOLDFAST_CHECK(after.apply(event));
    const bool frame = event.kind == Kind::kDeliver || event.kind == Kind::kDuplicate;
    const bool nothing = frame && after.silent() && after.differs_in_frames_only(before);
    const bool later = nothing || (reductions_.dead_frames && after.lost_frames_only(before));
    // Where links keep their order, what could come later holds up what comes behind it.
    if (later && bounds_.links == Links::kUnordered) continue;
    std::vector<std::uint32_t> path(state.begin(), state.end());
    for (const std::uint32_t word : words_of(event))
      path.push_back(word);
    out.add(number++, path);
    recent_.emplace_back(std::move(path), std::move(after));
  }
}

const System& ReplaySpace::system(Words state) {
  const auto found = std::find_if(recent_.begin(), recent_.end(), [&](const auto& each) {
    return std::equal(each.first.begin(), each.first.end(), state.begin(), state.end());
  });
  if (found != recent_.end()) return found->second;
  recent_.clear();
  return recent_.emplace_back(std::vector<std::uint32_t>(state.begin(), state.end()), play(state))
      .second;
}

Fingerprint ReplaySpace::fingerprint(Words state) {
  return system(state).name();
}

std::string ReplaySpace::violation(Words state) {
  return system(state).violation();
}

}  // namespace holdfast::explore
