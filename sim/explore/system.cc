#include "sim/explore/system.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/env/check.h"

namespace holdfast::explore {
namespace {

Fingerprint input_of(const SystemEvent& event) {
  switch (event.kind) {
    case Kind::kRing:
      return name_of(Given::kRing, 0);
    case Kind::kFinishJob:
      return name_of(Given::kFinishJob, event.argument);
    case Kind::kPerform:
      return name_of(Given::kPerform, event.argument);
    case Kind::kDiskError:
      return name_of(Given::kDiskError, event.argument);
    default:
      return name_of(Given::kBoot, 0);
  }
}

Fingerprint worth_of(const System::Flying& frame) {
  return worth_of_flying(fingerprint_of_frame(frame.sent.to, *frame.sent.frame));
}

bool is_cut(const SystemEvent& event, const System::Flying& frame) {
  return frame.origin.sender == event.node &&
         argument_of_cut(frame.sent.to, frame.life) == event.argument;
}

Past before_boot(Past past) {
  --past.lives;
  return past;
}

bool same(const Effects& a, const Effects& b) {
  return a.seen == b.seen && std::ranges::equal(a.sent, b.sent, [](const Sent& x, const Sent& y) {
           return x.to == y.to && *x.frame == *y.frame;
         });
}

}  // namespace

System::System(const Company& company,
               const Referee& referee,
               const Bounds& bounds,
               Terms terms,
               Reductions reductions)
    : company_(company),
      referee_(referee),
      bounds_(bounds),
      terms_(terms),
      reductions_(reductions),
      machines_(company.nodes()),
      ruling_{.memory = referee.start(), .violation = {}},
      budget_(bounds.budget) {
  for (Node node = 0; node < company.nodes(); ++node)
    machines_[node].image = company.first_image(node);
}

std::vector<SystemEvent> System::possible() const {
  std::vector<SystemEvent> all;
  for (SystemEvent event : enabled()) {
    const std::size_t count = variants(event);
    std::uint32_t& which = way_of(event);
    for (which = 0; which < count; ++which)
      all.push_back(event);
  }
  return all;
}

std::vector<SystemEvent> System::enabled() const {
  const Where& where = bounds_.where;
  std::vector<SystemEvent> all;
  const auto add = [&](const SystemEvent& event) {
    if (is_enabled(event)) all.push_back(event);
  };
  for (auto frame = flying_.begin(); frame != flying_.end(); ++frame) {
    const bool alike = std::any_of(flying_.begin(), frame, [&](const Flying& other) {
      return other.sent.to == frame->sent.to && *other.sent.frame == *frame->sent.frame;
    });
    if (alike) continue;
    add({.kind = Kind::kDeliver, .frame = frame->origin});
    add({.kind = Kind::kDuplicate, .frame = frame->origin});
    if (!is_at(where.crashes, frame->sent.to)) continue;
    add({.kind = Kind::kCrashAtDelivery, .frame = frame->origin});
  }
  for (auto frame = flying_.begin(); frame != flying_.end(); ++frame) {
    const bool known = std::any_of(
        flying_.begin(), frame, [&](const Flying& other) { return other.has_link_of(*frame); });
    if (known) continue;
    add({.kind = Kind::kCut,
         .node = frame->origin.sender,
         .argument = argument_of_cut(frame->sent.to, frame->life)});
  }
  for (Node node = 0; node < machines_.size(); ++node) {
    if (is_at(where.boots, node)) add({.kind = Kind::kBoot, .node = node});
    if (is_at(where.alarms, node)) add({.kind = Kind::kRing, .node = node});
    if (is_at(where.crashes, node)) add({.kind = Kind::kCrash, .node = node});
    if (is_at(where.wipes, node)) add({.kind = Kind::kWipe, .node = node});
    for (const std::uint32_t done : {0u, 1u})
      if (is_at(where.disk_errors, node)) {
        add({.kind = Kind::kDiskError, .node = node, .argument = done});
      }
    for (std::uint32_t lane = 0; lane < kLanes.size(); ++lane)
      add({.kind = Kind::kFinishJob, .node = node, .argument = lane});
    for (std::uint32_t operation = 0; operation < kOperationKinds; ++operation) {
      if (!is_at(where.operations[operation], node)) continue;
      add({.kind = Kind::kPerform, .node = node, .argument = operation});
      if (!is_at(where.crashes, node)) continue;
      add({.kind = Kind::kCrashAtOperation, .node = node, .argument = operation});
    }
  }
  return all;
}

// Whichever of its variants.
bool System::is_enabled(const SystemEvent& event) const {
  if (is_delivery(event.kind)) {
    const auto found = std::ranges::find(flying_, event.frame, &Flying::origin);
    if (found == flying_.end() || !is_next(*found)) return false;
    const Machine& machine = machines_[found->sent.to];
    if (!machine.life || !machine.life->standing().hears) return false;
    if (event.kind == Kind::kDuplicate) return budget_.duplicates > 0;
    return event.kind == Kind::kDeliver || may_fail_in_step();
  }
  if (event.kind == Kind::kCut) {
    return budget_.cuts > 0 && bounds_.links == Links::kConnections &&
           std::ranges::any_of(flying_, [&](const Flying& frame) { return is_cut(event, frame); });
  }
  if (event.node >= machines_.size()) return false;
  const Machine& machine = machines_[event.node];
  if (event.kind == Kind::kWipe) {
    const bool wiped = machine.image.empty() && machine.lived.lost == machine.lived.lives;
    return budget_.wipes > 0 && (machine.life || !wiped);
  }
  if (event.kind == Kind::kBoot) return !machine.life;
  if (!machine.life) return false;
  const Standing standing = machine.life->standing();
  switch (event.kind) {
    case Kind::kRing:
      return standing.alarm && budget_.alarms > 0;
    case Kind::kFinishJob:
      return event.argument < standing.jobs.size() && standing.jobs[event.argument];
    case Kind::kCrash:
      return budget_.crashes > 0;
    case Kind::kDiskError:
      return budget_.disk_errors > 0 && standing.hears && event.argument <= 1;
    case Kind::kPerform:
    case Kind::kCrashAtOperation: {
      const std::uint32_t kind = event.argument;
      const bool asked = kind < kOperationKinds && (standing.asks >> kind & 1) != 0;
      if (!asked) return false;
      if (budget_.operations[kind] == 0) return false;
      return event.kind == Kind::kPerform || may_fail_in_step();
    }
    default:
      return false;
  }
}

Node System::receiver_of(const Origin& frame) const {
  const auto found = std::ranges::find(flying_, frame, &Flying::origin);
  HOLDFAST_REQUIRE(found != flying_.end());
  return found->sent.to;
}

// They stand in the order in which they were sent.
bool System::is_next(const Flying& frame) const {
  if (bounds_.links == Links::kUnordered) return true;
  const auto first =
      std::ranges::find_if(flying_, [&](const Flying& other) { return other.has_link_of(frame); });
  return first->origin == frame.origin;
}

std::size_t System::variants(const SystemEvent& event) const {
  switch (event.kind) {
    case Kind::kCrash:
      return survivors(event.node).size();
    case Kind::kCrashAtDelivery: {
      const auto found = std::ranges::find(flying_, event.frame, &Flying::origin);
      return interruptions(found->sent.to, deed_of(event)).size();
    }
    case Kind::kCrashAtOperation:
      return interruptions(event.node, deed_of(event)).size();
    default:
      return 1;
  }
}

bool System::is_possible(const SystemEvent& event) const {
  SystemEvent asked = event;
  return is_enabled(event) && way_of(asked) < variants(event);
}

bool System::apply(const SystemEvent& event) {
  if (!is_possible(event)) return false;
  happen(event);
  died_.clear();
  if (!reductions_.dead_frames) return true;
  for (const Flying& frame : flying_)
    if (is_dead(frame)) died_.push_back(frame.origin);
  std::erase_if(flying_,
                [&](const Flying& frame) { return std::ranges::count(died_, frame.origin) > 0; });
  return true;
}

void System::repeat(const SystemEvent& event, std::span<const Origin> died) {
  happen(event);
  died_.assign(died.begin(), died.end());
  const std::size_t gone = std::erase_if(
      flying_, [&](const Flying& frame) { return std::ranges::count(died, frame.origin) > 0; });
  HOLDFAST_CHECK(gone == died.size(), gone, died.size());
}

void System::happen(const SystemEvent& event) {
  switch (event.kind) {
    case Kind::kDeliver:
    case Kind::kDuplicate:
      deliver(event);
      break;
    case Kind::kRing:
    case Kind::kFinishJob:
    case Kind::kPerform:
    case Kind::kBoot:
    case Kind::kDiskError:
      happen_to(event);
      break;
    case Kind::kCrash:
    case Kind::kWipe:
      fail(event);
      break;
    case Kind::kCrashAtDelivery:
    case Kind::kCrashAtOperation:
      fail_in(event);
      break;
    case Kind::kCut:
      --budget_.cuts;
      silent_ = true;
      observed_ = {};
      std::erase_if(flying_, [&](const Flying& frame) { return is_cut(event, frame); });
      break;
  }
  // Who is down has no connections.
  if (bounds_.links == Links::kConnections) {
    std::erase_if(flying_, [&](const Flying& frame) { return !machines_[frame.sent.to].life; });
  }
}

void System::deliver(const SystemEvent& event) {
  const auto found = std::ranges::find(flying_, event.frame, &Flying::origin);
  const Sent sent = found->sent;
  if (event.kind == Kind::kDuplicate) {
    --budget_.duplicates;
  } else {
    flying_.erase(found);
  }
  machines_[sent.to].past.push_back(
      [frame = sent.frame](Life& life) { return life.deliver(frame); });
  take(sent.to, fingerprint_of_frame(sent.to, *sent.frame));
}

void System::happen_to(const SystemEvent& event) {
  Machine& machine = machines_[event.node];
  SystemEvent given = event;
  switch (event.kind) {
    case Kind::kBoot: {
      ++machine.lived.lives;
      machine.life =
          std::make_unique<Life>(company_, event.node, machine.lived.lives, machine.image, terms_);
      machine.past.assign(1, [](Life& life) { return life.start(); });
      break;
    }
    case Kind::kRing:
      --budget_.alarms;
      machine.past.push_back([](Life& life) { return life.ring(); });
      break;
    case Kind::kDiskError:
      --budget_.disk_errors;
      machine.past.push_back(
          [done = event.argument != 0](Life& life) { return life.break_disk(done); });
      break;
    case Kind::kFinishJob:
      machine.past.push_back(
          [lane = kLanes[event.argument]](Life& life) { return life.finish_job(lane); });
      break;
    default: {
      const auto kind = static_cast<std::uint8_t>(event.argument);
      const auto serial =
          static_cast<std::uint8_t>(bounds_.budget.operations[kind] - budget_.operations[kind]--);
      given.argument = std::uint32_t{kind} << 8 | serial;
      machine.past.push_back(
          [kind, serial](Life& life) { return life.perform({.kind = kind, .serial = serial}); });
    }
  }
  take(event.node, input_of(given));
}

// The last of the past happens now.
void System::take(Node node, const Fingerprint& input) {
  Machine& machine = machines_[node];
  const Fingerprint before = machine.past.size() == 1
                                 ? name_of_down(node, before_boot(machine.lived), machine.image)
                                 : machine.history;
  machine.history = chained(before, input);
  Effects effects = machine.past.back()(*machine.life);
  silent_ = effects.sent.empty() && effects.seen.empty();
  send(node, std::move(effects.sent));
  if (machine.life->ended()) {
    machine.image = machine.life->left_behind();
    machine.life.reset();
    machine.past.clear();
  }
  observe({.node = node,
           .life = machine.lived.lives,
           .what = Observed::What::kStep,
           .seen = std::move(effects.seen)});
}

void System::send(Node node, std::vector<Sent> sent) {
  const std::uint32_t step = ++machines_[node].steps;
  for (std::uint32_t i = 0; i < sent.size(); ++i) {
    flying_.push_back({.origin = {.sender = node, .step = step, .output = i},
                       .life = machines_[node].lived.lives,
                       .sent = std::move(sent[i])});
  }
}

void System::observe(Observed observed) {
  observed_ = std::move(observed);
  ruling_ = referee_.judge(ruling_.memory, observed_);
}

void System::fail(const SystemEvent& event) {
  Machine& machine = machines_[event.node];
  const bool crash = event.kind == Kind::kCrash;
  machine.image = crash ? survivors(event.node)[event.argument] : Image();
  --(crash ? budget_.crashes : budget_.wipes);
  if (!crash) machine.lived.lost = machine.lived.lives;
  machine.life.reset();
  machine.past.clear();
  silent_ = true;
  observe({.node = event.node,
           .life = machine.lived.lives,
           .what = crash ? Observed::What::kCrash : Observed::What::kWipe,
           .seen = {}});
}

System::Deed System::deed_of(const SystemEvent& event) const {
  if (is_delivery(event.kind)) {
    const auto found = std::ranges::find(flying_, event.frame, &Flying::origin);
    HOLDFAST_REQUIRE(found != flying_.end());
    return [frame = found->sent.frame](Life& life) { return life.deliver(frame); };
  }
  const auto kind = static_cast<std::uint8_t>(event.argument);
  const auto serial =
      static_cast<std::uint8_t>(bounds_.budget.operations[kind] - budget_.operations[kind]);
  return [kind, serial](Life& life) { return life.perform({.kind = kind, .serial = serial}); };
}

std::vector<System::Interruption> System::interruptions(Node node, const Deed& deed) const {
  const std::unique_ptr<Life> whole = twin(node);
  deed(*whole);
  std::vector<Interruption> all;
  for (unsigned jobs = 0; jobs < whole->jobs_run(); ++jobs) {
    const std::unique_ptr<Life> life = twin(node);
    life->fail_after(jobs);
    const Effects effects = deed(*life);
    for (const Image& image : life->crash({})) {
      const bool known = std::ranges::any_of(all, [&](const Interruption& each) {
        return each.image == image && same(each.effects, effects);
      });
      if (!known) all.push_back({.effects = effects, .image = image});
    }
  }
  return all;
}

void System::fail_in(const SystemEvent& event) {
  Node node = event.node;
  const Deed deed = deed_of(event);
  if (event.kind == Kind::kCrashAtDelivery) {
    const auto found = std::ranges::find(flying_, event.frame, &Flying::origin);
    node = found->sent.to;
    flying_.erase(found);
  } else {
    --budget_.operations[event.argument];
  }
  --budget_.crashes;
  Machine& machine = machines_[node];
  Interruption cut = interruptions(node, deed)[event.variant];
  silent_ = cut.effects.sent.empty() && cut.effects.seen.empty();
  send(node, std::move(cut.effects.sent));
  machine.image = std::move(cut.image);
  machine.life.reset();
  machine.past.clear();
  observe({.node = node,
           .life = machine.lived.lives,
           .what = Observed::What::kStep,
           .seen = std::move(cut.effects.seen)});
}

// Another life to which the same has happened.
std::unique_ptr<Life> System::twin(Node node) const {
  const Machine& machine = machines_[node];
  auto life = std::make_unique<Life>(company_, node, machine.lived.lives, machine.image, terms_);
  for (const auto& event : machine.past)
    event(*life);
  return life;
}

std::vector<Image> System::survivors(Node node) const {
  std::vector<Image> all;
  for (const Cut& cut : cuts(machines_[node].life->standing())) {
    for (const Image& image : twin(node)->crash(cut)) {
      if (std::find(all.begin(), all.end(), image) == all.end()) all.push_back(image);
    }
  }
  return all;
}

Fingerprint System::name_of_node(Node node) const {
  const Machine& machine = machines_[node];
  if (!machine.life) return name_of_down(node, machine.lived, machine.image);
  if (terms_.identity == Identity::kHistory) return machine.history;
  return name_of_up(node, machine.lived, machine.life->state_name());
}

// A frame that does nothing now, and says that it never will.
bool System::is_dead(const Flying& frame) const {
  const bool succeeded = frame.life <= machines_[frame.origin.sender].lived.lost;
  const Losses losses = explore::losses(bounds_, budget_, succeeded);
  const Node node = frame.sent.to;
  const Machine& machine = machines_[node];
  if (!machine.life || !machine.life->standing().hears) return false;
  if (terms_.identity == Identity::kHistory) return false;
  if (!machine.life->deaf_to(frame.sent.frame, losses)) return false;
  const std::unique_ptr<Life> other = twin(node);
  const Effects effects = other->deliver(frame.sent.frame);
  return effects.sent.empty() && effects.seen.empty() &&
         other->state_name() == machine.life->state_name();
}

Fingerprint System::name() const {
  Fingerprint sum = worth_of_ruling(ruling_);
  sum += worth_of_budget(budget_);
  for (Node node = 0; node < machines_.size(); ++node)
    sum += worth_of_local(node, name_of_node(node));
  for (auto frame = flying_.begin(); frame != flying_.end(); ++frame) {
    Fingerprint worth = worth_of(*frame);
    if (bounds_.links == Links::kConnections) {
      // Of all that stand before it in its link, and it.
      std::optional<Fingerprint> link;
      for (auto each = flying_.begin(); each <= frame; ++each)
        if (each->has_link_of(*frame))
          link = link ? chained(*link, worth_of(*each)) : worth_of(*each);
      worth = *link;
    }
    sum += worth;
  }
  return sum;
}

bool System::differs_in_frames_only(const System& before) const {
  for (Node node = 0; node < machines_.size(); ++node)
    if (name_of_node(node) != before.name_of_node(node)) return false;
  return ruling_ == before.ruling_;
}

// Each frame of it was there before.
bool System::lost_frames_only(const System& before) const {
  if (!differs_in_frames_only(before) || budget_ != before.budget_) return false;
  std::vector<Flying> left = before.flying_;
  return std::ranges::all_of(flying_, [&](const Flying& frame) {
    const auto found = std::ranges::find_if(left, [&](const Flying& other) {
      return other.sent.to == frame.sent.to && *other.sent.frame == *frame.sent.frame;
    });
    if (found == left.end()) return false;
    left.erase(found);
    return true;
  });
}

}  // namespace holdfast::explore
