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
  return chained(current_ ? stack_name(*current_) : step_, named(++moments_));
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

// What is on the stack, at a wait: of a fiber and, since it may use their frames, of those that it
// was spawned by.
StateName Engine::stack_name(const FiberState& fiber) {
  StateHash hash;
  hash.add(fiber.history);
  for (const StackNoteBase* note = fiber.note; note; note = note->outer_) {
    hash.add(note->site_);
    note->add_values(hash);
  }
  if (const auto parent = fiber.parent.lock()) hash.add(stack_name(*parent));
  return hash.name();
}

FiberState* Engine::enter(StackNoteBase& note) {
  if (!watch_) return nullptr;
  HOLDFAST_REQUIRE(in_fiber());
  note.outer_ = std::exchange(current_->note, &note);
  return current_;
}

void Engine::leave(StackNoteBase& note) {
  HOLDFAST_REQUIRE(note.fiber_->note == &note);
  note.fiber_->note = note.outer_;
}

void Engine::note_turn(FiberState& fiber) {
  StateHash hash;
  hash.add(stack_name(fiber));
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

// May have written into frames of those that it was spawned by.  What they noted they name anew.
void Engine::note_turn_over(FiberState& fiber) {
  if (fiber.turn_in_vain) return;
  for (auto parent = fiber.parent.lock(); parent; parent = parent->parent.lock())
    if (parent->history != FiberState::kNoted) {
      parent->history = chained(parent->history, stack_name(fiber));
    }
}

// Also in which order those are woken that wait for one event, or for one instant.
void Engine::add_state(StateHash& hash) const {
  if (!watch_) return;
  StateName all;
  std::vector<const FiberState*> armed;
  for (const FiberState* fiber = oldest_; fiber; fiber = fiber->younger) {
    StateHash one;
    one.add(stack_name(*fiber));
    one.add(timers_.due(*fiber));
    for (const FiberState* before = fiber->previous_waiter; before && fiber->waits_in;
         before = before->previous_waiter)
      one.add(stack_name(*before));
    all += one.name();
    if (fiber->armed()) armed.push_back(fiber);
  }
  hash.add(all);
  std::ranges::sort(
      armed, [&](const FiberState* a, const FiberState* b) { return timers_.before(*a, *b); });
  for (const FiberState* fiber : armed)
    hash.add(stack_name(*fiber));
}

StackNoteBase::StackNoteBase(Scheduler& scheduler, std::string_view site) : site_(site) {
  fiber_ = scheduler.engine_->enter(*this);
}

StackNoteBase::~StackNoteBase() {
  if (fiber_) Engine::leave(*this);
}

}  // namespace internal

NotedWait::NotedWait(Scheduler& scheduler, std::string_view site) : StackNoteBase(scheduler, site) {
  if (fiber()) {
    history_before_ = std::exchange(fiber()->history, internal::FiberState::kNoted);
  }
}

// A turn since then has named all that was on the stack when it began.
NotedWait::~NotedWait() {
  if (fiber() && fiber()->history == internal::FiberState::kNoted) {
    fiber()->history = history_before_;
  }
}

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
