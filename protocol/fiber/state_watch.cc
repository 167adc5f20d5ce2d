#include "protocol/fiber/state_watch.h"

#include <algorithm>
#include <utility>

#include "protocol/fiber/engine.h"
#include "protocol/fiber/scheduler.h"

namespace holdfast {
namespace internal {
namespace {

StateName named(std::uint64_t word) {
  StateHash hash;
  hash.add(word);
  return hash.name();
}

}  // namespace

void Engine::begin_step(const StateName& input) {
  if (!watch_) return;
  StateHash hash;
  hash.add(input);
  watch_->add_surroundings(hash);
  step_ = hash.name();
  moments_ = 0;
}

StateName Engine::moment() {
  if (!watch_) return {};
  return chained(current_ ? current_->history : step_, named(++moments_));
}

void Engine::rest(std::string_view site) {
  HOLDFAST_REQUIRE(in_fiber());
  if (!watch_) return;
  StateHash hash;
  hash.add(site);
  current_->history = hash.name();
}

void Engine::note_birth(FiberState& fiber) {
  fiber.history = moment();
  if (current_) fiber.parent = current_->self;
}

void Engine::note_turn(FiberState& fiber) {
  StateHash hash;
  hash.add(fiber.history);
  watch_->add_surroundings(hash);
  fiber.history_before_turn = std::exchange(fiber.history, hash.name());
  fiber.turn_in_vain = false;
}

// The turn has done nothing but ask whether the wait is over.
void Engine::still_waiting() {
  if (!watch_) return;
  current_->history = current_->history_before_turn;
  current_->turn_in_vain = true;
}

// May have written into frames of those that it was spawned by.
void Engine::note_turn_over(FiberState& fiber) {
  if (fiber.turn_in_vain) return;
  for (auto parent = fiber.parent.lock(); parent; parent = parent->parent.lock())
    parent->history = chained(parent->history, fiber.history);
}

// Also in which order those are woken that wait for one event, or for one instant.
void Engine::add_state(StateHash& hash) const {
  if (!watch_) return;
  StateName all;
  std::vector<const FiberState*> armed;
  for (const FiberState* fiber = oldest_; fiber; fiber = fiber->younger) {
    StateHash one;
    one.add(fiber->history);
    one.add(timers_.due(*fiber));
    for (const FiberState* before = fiber->previous_waiter; before && fiber->waits_in;
         before = before->previous_waiter)
      one.add(before->history);
    all += one.name();
    if (fiber->armed()) armed.push_back(fiber);
  }
  hash.add(all);
  std::ranges::sort(
      armed, [&](const FiberState* a, const FiberState* b) { return timers_.before(*a, *b); });
  for (const FiberState* fiber : armed)
    hash.add(fiber->history);
}

}  // namespace internal

void Scheduler::watch(const StateWatch& watch) {
  HOLDFAST_REQUIRE(fibers() == 0);
  engine_->watch(watch);
}

bool Scheduler::watched() const {
  return engine_->watched();
}

void Scheduler::begin_step(const StateName& input) {
  engine_->begin_step(input);
}

StateName Scheduler::moment() {
  return engine_->moment();
}

void Scheduler::rest(std::string_view site) {
  engine_->rest(site);
}

void Scheduler::add_state(StateHash& hash) const {
  engine_->add_state(hash);
}

}  // namespace holdfast
