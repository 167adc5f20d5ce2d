#include "sim/explore/replay_space.h"

#include <algorithm>

#include "protocol/env/check.h"

namespace holdfast::explore {
namespace {

// An event, and how many frames died with it; then a pair of words for each of these.
constexpr std::size_t kWordsOfEvent = 4;
constexpr std::size_t kWordsOfOrigin = 2;

struct Step {
  SystemEvent event;
  std::vector<Origin> died;
};

void append(const SystemEvent& event,
            const std::vector<Origin>& died,
            std::vector<std::uint32_t>& path) {
  path.push_back(static_cast<std::uint32_t>(event.kind) << 16 | event.node << 8 |
                 event.frame.sender);
  path.push_back(event.argument << 8 | event.variant);
  path.push_back(event.frame.step << 8 | event.frame.output);
  path.push_back(static_cast<std::uint32_t>(died.size()));
  for (const Origin& origin : died) {
    path.push_back(origin.sender);
    path.push_back(origin.step << 8 | origin.output);
  }
}

// Of the path that begins there, which it shortens.
Step take_step(Words& path) {
  const Words words = path.first(kWordsOfEvent);
  Step step{.event = {.kind = static_cast<Kind>(words[0] >> 16),
                      .frame = {.sender = words[0] & 0xff,
                                .step = words[2] >> 8,
                                .output = words[2] & 0xff},
                      .node = words[0] >> 8 & 0xff,
                      .argument = words[1] >> 8,
                      .variant = words[1] & 0xff},
            .died = {}};
  path = path.subspan(kWordsOfEvent);
  for (std::uint32_t left = words[3]; left > 0; --left) {
    step.died.push_back({.sender = path[0], .step = path[1] >> 8, .output = path[1] & 0xff});
    path = path.subspan(kWordsOfOrigin);
  }
  return step;
}

}  // namespace

std::vector<std::uint32_t> ReplaySpace::path_of(const std::vector<SystemEvent>& events) const {
  System system(company_, referee_, bounds_, terms_, reductions_);
  std::vector<std::uint32_t> path;
  for (const SystemEvent& event : events) {
    HOLDFAST_CHECK(system.apply(event));
    append(event, system.died(), path);
  }
  return path;
}

void ReplaySpace::initial(Transitions& out) {
  out.add(0, {});
}

System ReplaySpace::play(Words state) const {
  System system(company_, referee_, bounds_, terms_, reductions_);
  for (Words path : {Words(start_), state}) {
    while (!path.empty()) {
      const Step step = take_step(path);
      system.repeat(step.event, step.died);
    }
  }
  return system;
}

std::vector<SystemEvent> ReplaySpace::events_of(Words state) {
  std::vector<SystemEvent> events;
  while (!state.empty())
    events.push_back(take_step(state).event);
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
    append(event, after.died(), path);
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
