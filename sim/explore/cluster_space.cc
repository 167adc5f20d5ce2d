#include "sim/explore/cluster_space.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/env/check.h"

namespace holdfast::explore {
namespace {

constexpr unsigned kKindShift = 28;
constexpr unsigned kVariantShift = 24;
constexpr unsigned kNodeShift = 16;
constexpr std::size_t kVariantsMax = 1u << (kKindShift - kVariantShift);
static_assert(kMessagesMax == 1u << kVariantShift);

}  // namespace

// From the high bits down: the kind, the variant, and the message, or the node and the argument.
EventName Named::name() const {
  const auto number = static_cast<std::uint32_t>(kind) << kKindShift | variant << kVariantShift;
  if (is_delivery(kind)) return number | argument;
  return number | node << kNodeShift | argument;
}

Named Named::of(EventName name) {
  const auto kind = static_cast<Kind>(name >> kKindShift);
  const std::uint32_t variant = name >> kVariantShift & ((1u << (kKindShift - kVariantShift)) - 1);
  const std::uint32_t rest = name & ((1u << kVariantShift) - 1);
  if (is_delivery(kind)) return {kind, 0, rest, variant};
  return {kind, rest >> kNodeShift, rest & ((1u << kNodeShift) - 1), variant};
}

ClusterSpace::ClusterSpace(Members& members,
                           const Referee& referee,
                           const Bounds& bounds,
                           Reductions reductions)
    : members_(members),
      referee_(referee),
      bounds_(bounds),
      reductions_(reductions),
      nodes_(members.company().nodes()),
      first_flying_(nodes_ + 1 + kBudgetWords) {}

ClusterSpace::View ClusterSpace::view(Words state) const {
  return {.locals = state.first(nodes_),
          .ruling = state[nodes_],
          .budget = budget_of(state.subspan(nodes_ + 1, kBudgetWords)),
          .flying = state.subspan(first_flying_)};
}

void ClusterSpace::begin() {
  if (!start_.empty()) return;
  for (Node node = 0; node < nodes_; ++node)
    start_.push_back(members_.first(node));
  start_.push_back(rulings_.number_of({.memory = referee_.start(), .violation = {}}));
  for (const std::uint32_t word : words_of(bounds_.budget))
    start_.push_back(word);
}

void ClusterSpace::initial(Transitions& out) {
  begin();
  out.add(0, start_);
}

void ClusterSpace::take(const Transitions& out, std::size_t i) {
  start_.assign(out.next(i).begin(), out.next(i).end());
  start_events_.push_back(out.event(i));
}

// False: it is not possible at the start.
bool ClusterSpace::take(Named event) {
  Transitions out;
  successors(start_, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out.event(i) != event.name()) continue;
    take(out, i);
    return true;
  }
  return false;
}

// Messages are numbered in the order in which they were first sent.
void ClusterSpace::settle(std::uint32_t among) {
  const auto takes_part = [&](Node node) { return (among >> node & 1) != 0; };
  while (true) {
    Transitions out;
    successors(start_, out);
    bool any = false;
    for (std::size_t i = 0; i < out.size() && !any; ++i) {
      const Named event = Named::of(out.event(i));
      const bool delivery = event.kind == Kind::kDeliver;
      if (!delivery && event.kind != Kind::kFinishJob) continue;
      const Node node = delivery ? members_.message(event.argument).to : event.node;
      if (!takes_part(node)) continue;
      if (delivery && !takes_part(members_.sender(event.argument))) continue;
      take(out, i);
      any = true;
    }
    if (!any) return;
  }
}

bool ClusterSpace::deliver_oldest(Node from, Node to) {
  for (const Message message : view(start_).flying) {
    if (members_.sender(message) != from || members_.message(message).to != to) continue;
    return take({Kind::kDeliver, to, message});
  }
  return false;
}

std::string ClusterSpace::start_after(const std::vector<Command>& script) {
  begin();
  scripted_ = true;
  for (std::size_t i = 0; i < script.size(); ++i) {
    const Command& command = script[i];
    const auto done = [&] {
      using What = Command::What;
      switch (command.what) {
        case What::kBoot:
          return take({Kind::kBoot, command.node, 0});
        case What::kCrash:
          return take({Kind::kCrash, command.node, 0});
        case What::kWipe:
          return take({Kind::kWipe, command.node, 0});
        case What::kRing:
          return take({Kind::kRing, command.node, 0});
        case What::kPerform:
          return take({Kind::kPerform, command.node, command.operation});
        case What::kDeliver:
          return deliver_oldest(command.node, command.to);
        case What::kSettle:
          settle(command.among);
          return true;
      }
      return false;
    }();
    if (!done) return fmt::format("line {} of the script is not possible there", i + 1);
  }
  scripted_ = false;
  return {};
}

void ClusterSpace::successors(Words state, Transitions& out) {
  const View now = view(state);
  add_deliveries(state, now, out);
  if (connected()) add_cuts(state, now, out);
  for (Node node = 0; node < nodes_; ++node) {
    add_own(state, now, node, out);
    add_failures(state, now, node, out);
  }
}

void ClusterSpace::add_deliveries(Words state, const View& now, Transitions& out) {
  for (std::size_t i = 0; i < now.flying.size(); ++i) {
    const Message message = now.flying[i];
    // Of those that are alike, and of a link that keeps their order, the first.
    if (i > 0 && place_of(now.flying[i - 1]) == place_of(message)) continue;
    const Node node = members_.message(message).to;
    const LocalState local = now.locals[node];
    if (!members_.local(local).standing.hears) continue;
    const Reaction& reaction = members_.react(local, {Happening::kDeliver, message});
    if (!connected() && members_.nothing(local, reaction)) continue;
    add(state, {Kind::kDeliver, node, message}, reaction, now.budget, out);
    add_interrupted(
        state, {Kind::kCrashAtDelivery, node, message}, {Happening::kDeliver, message}, now, out);
    if (now.budget.duplicates == 0) continue;
    Budget left = now.budget;
    --left.duplicates;
    add(state, {Kind::kDuplicate, node, message}, reaction, left, out);
  }
}

// Of each connection with something on its way.
void ClusterSpace::add_cuts(Words state, const View& now, Transitions& out) {
  if (now.budget.cuts == 0) return;
  Budget left = now.budget;
  --left.cuts;
  const auto words = words_of(left);
  for (std::size_t i = 0; i < now.flying.size(); ++i) {
    const std::uint32_t link = members_.link(now.flying[i]);
    if (i > 0 && members_.link(now.flying[i - 1]) == link) continue;
    next_.assign(state.begin(), state.end());
    std::copy(words.begin(), words.end(), next_.begin() + nodes_ + 1);
    std::erase_if(next_, [&, at = std::size_t{0}](std::uint32_t word) mutable {
      return at++ >= first_flying_ && members_.link(word) == link;
    });
    if (reductions_.dead_frames) drop_dead(left, [](Message) { return true; });
    out.add(
        Named{Kind::kCut, members_.sender(now.flying[i]), argument_of_cut(link & 0xff, link >> 16)}
            .name(),
        next_);
  }
}

void ClusterSpace::add_own(Words state, const View& now, Node node, Transitions& out) {
  const LocalState number = now.locals[node];
  const Local local = members_.local(number);
  if (!local.up) {
    if (!looked_for(bounds_.where.boots, node)) return;
    const LocalEvent boot{Happening::kBoot, 0};
    add(state, {Kind::kBoot, node, 0}, members_.react(number, boot), now.budget, out);
    return;
  }
  for (std::uint32_t lane = 0; lane < local.standing.jobs.size(); ++lane) {
    if (!local.standing.jobs[lane]) continue;
    const Reaction& reaction = members_.react(number, {Happening::kFinishJob, lane});
    add(state, {Kind::kFinishJob, node, lane}, reaction, now.budget, out);
  }
  Budget left = now.budget;
  if (local.standing.alarm && left.alarms > 0 && looked_for(bounds_.where.alarms, node)) {
    --left.alarms;
    add(state, {Kind::kRing, node, 0}, members_.react(number, {Happening::kRing, 0}), left, out);
  }
  add_disk_errors(state, now, node, out);
  for (std::uint8_t kind = 0; kind < kOperationKinds; ++kind) {
    left = now.budget;
    if (left.operations[kind] == 0 || (local.standing.asks >> kind & 1) == 0) continue;
    if (!looked_for(bounds_.where.operations[kind], node)) continue;
    const std::uint8_t serial = bounds_.budget.operations[kind] - left.operations[kind]--;
    const Reaction& reaction = members_.react(number, LocalEvent::of({kind, serial}));
    add(state, {Kind::kPerform, node, kind}, reaction, left, out);
    View then = now;
    then.budget = left;
    add_interrupted(
        state, {Kind::kCrashAtOperation, node, kind}, LocalEvent::of({kind, serial}), then, out);
  }
}

void ClusterSpace::add_disk_errors(Words state, const View& now, Node node, Transitions& out) {
  if (now.budget.disk_errors == 0 || !looked_for(bounds_.where.disk_errors, node)) return;
  if (!members_.local(now.locals[node]).standing.hears) return;
  Budget left = now.budget;
  --left.disk_errors;
  for (const std::uint32_t done : {0u, 1u}) {
    const Reaction& reaction = members_.react(now.locals[node], {Happening::kDiskError, done});
    add(state, {Kind::kDiskError, node, done}, reaction, left, out);
  }
}

void ClusterSpace::add_interrupted(
    Words state, Named event, LocalEvent local, const View& now, Transitions& out) {
  if (now.budget.crashes == 0 || members_.terms().disks != Disks::kEager) return;
  if (!looked_for(bounds_.where.crashes, event.node)) return;
  Budget left = now.budget;
  --left.crashes;
  const std::vector<Reaction> all = members_.interrupted(now.locals[event.node], local);
  HOLDFAST_CHECK(all.size() <= kVariantsMax, all.size());
  for (event.variant = 0; event.variant < all.size(); ++event.variant)
    add(state, event, all[event.variant], left, out);
}

void ClusterSpace::add_failures(Words state, const View& now, Node node, Transitions& out) {
  const LocalState number = now.locals[node];
  if (now.budget.crashes > 0 && looked_for(bounds_.where.crashes, node) &&
      members_.local(number).up) {
    Budget left = now.budget;
    --left.crashes;
    const std::vector<LocalState>& all = members_.crashed(number);
    for (std::uint32_t i = 0; i < all.size(); ++i)
      add_down(state, {Kind::kCrash, node, i}, all[i], left, out);
  }
  if (now.budget.wipes > 0 && looked_for(bounds_.where.wipes, node) &&
      members_.wiped(number) != number) {
    Budget left = now.budget;
    --left.wipes;
    add_down(state, {Kind::kWipe, node, 0}, members_.wiped(number), left, out);
  }
}

void ClusterSpace::add(
    Words state, Named event, const Reaction& reaction, const Budget& budget, Transitions& out) {
  next_.assign(state.begin(), state.end());
  const auto flying = static_cast<std::ptrdiff_t>(first_flying_);
  if (event.kind == Kind::kDeliver || event.kind == Kind::kCrashAtDelivery) {
    next_.erase(std::find(next_.begin() + flying, next_.end(), event.argument));
  }
  next_[event.node] = reaction.next;
  next_[nodes_] = ruled(state[nodes_], reaction.seen);
  const auto words = words_of(budget);
  std::copy(words.begin(), words.end(), next_.begin() + nodes_ + 1);
  const auto before = [&](Message a, Message b) { return place_of(a) < place_of(b); };
  for (const Message sent : reaction.sent)
    next_.insert(std::upper_bound(next_.begin() + flying, next_.end(), sent, before), sent);
  if (connected()) drop_lost();
  if (reductions_.dead_frames) {
    if (std::ranges::equal(words, state.subspan(nodes_ + 1, kBudgetWords))) {
      drop_dead(budget, [&](Message message) {
        return members_.message(message).to == event.node ||
               std::ranges::find(reaction.sent, message) != reaction.sent.end();
      });
    } else {
      drop_dead(budget, [](Message) { return true; });
    }
    if (!connected() && only_lost(state)) return;
  }
  out.add(event.name(), next_);
}

// Nothing has happened but that frames are gone, which could as well come later.
bool ClusterSpace::only_lost(Words before) const {
  const auto flying = static_cast<std::ptrdiff_t>(first_flying_);
  return std::equal(before.begin(), before.begin() + flying, next_.begin()) &&
         std::includes(before.begin() + flying, before.end(), next_.begin() + flying, next_.end());
}

// Who is down has no connections.
void ClusterSpace::drop_lost() {
  const auto flying = next_.begin() + static_cast<std::ptrdiff_t>(first_flying_);
  const auto lost = [&](Message message) {
    return !members_.local(next_[members_.message(message).to]).up;
  };
  next_.erase(std::remove_if(flying, next_.end(), lost), next_.end());
}

// A frame dies when it is sent, when its receiver changes, or with what is left of the budget: of
// the others it was known that they live.
template <typename MayHaveDied>
void ClusterSpace::drop_dead(const Budget& budget, const MayHaveDied& may_have_died) {
  const auto flying = next_.begin() + static_cast<std::ptrdiff_t>(first_flying_);
  const auto dead = [&](Message message) {
    if (!may_have_died(message)) return false;
    const Past& past = members_.local(next_[members_.sender(message)]).past;
    const bool succeeded = members_.life(message) <= past.lost;
    return members_.deaf(
        next_[members_.message(message).to], message, losses(bounds_, budget, succeeded));
  };
  next_.erase(std::remove_if(flying, next_.end(), dead), next_.end());
}

void ClusterSpace::add_down(
    Words state, Named event, LocalState next, const Budget& budget, Transitions& out) {
  const Local& before = members_.local(state[event.node]);
  const auto what = event.kind == Kind::kCrash ? Observed::What::kCrash : Observed::What::kWipe;
  const Observation seen = members_.observation(
      {.node = before.node, .life = before.past.lives, .what = what, .seen = {}});
  add(state, event, Reaction{.next = next, .sent = {}, .seen = seen}, budget, out);
}

std::uint32_t ClusterSpace::ruled(std::uint32_t ruling, Observation seen) {
  const std::uint64_t key = std::uint64_t{ruling} << 32 | seen;
  const auto [place, fresh] = known_rulings_.try_emplace(key, 0);
  if (fresh) {
    place->second =
        rulings_.number_of(referee_.judge(rulings_[ruling].memory, members_.observed(seen)));
  }
  return place->second;
}

Fingerprint ClusterSpace::fingerprint(Words state) {
  const View now = view(state);
  Fingerprint sum = worth_of(now.budget);
  for (Node node = 0; node < nodes_; ++node)
    sum += members_.local(now.locals[node]).worth;
  sum += worth_of(now.flying);
  while (worths_of_rulings_.size() <= now.ruling)
    worths_of_rulings_.push_back(
        worth_of_ruling(rulings_[static_cast<std::uint32_t>(worths_of_rulings_.size())]));
  return sum += worths_of_rulings_[now.ruling];
}

// Most states in a row have the same.
const Fingerprint& ClusterSpace::worth_of(const Budget& budget) {
  if (!worth_of_last_ || last_budget_ != budget) {
    last_budget_ = budget;
    worth_of_last_ = worth_of_budget(budget);
  }
  return *worth_of_last_;
}

// Frames are named by where they are in their link, if that is more than a bag.
Fingerprint ClusterSpace::worth_of(Words flying) const {
  Fingerprint sum;
  Fingerprint link;
  for (std::size_t i = 0; i < flying.size(); ++i) {
    const Fingerprint& one = members_.worth_of_message(flying[i]);
    const bool follows = connected() && i > 0 && place_of(flying[i - 1]) == place_of(flying[i]);
    link = follows ? chained(link, one) : one;
    sum += link;
  }
  return sum;
}

std::string ClusterSpace::violation(Words state) {
  is_met_.resize(members_.locals());
  for (const LocalState local : state.first(nodes_)) {
    if (is_met_[local]) continue;
    is_met_[local] = true;
    ++met_.count;
    met_.sum += members_.local(local).worth;
  }
  if (!members_.problem().empty()) return members_.problem();
  const View now = view(state);
  const std::string& violation = rulings_[now.ruling].violation;
  if (!violation.empty() || fair_run_ == nullptr) return violation;
  return fair_run_->stuck(now.locals, now.flying);
}

// Links between two nodes are threads, and what one node does of itself.
StateSpace::Mover ClusterSpace::mover_of(EventName event) const {
  const Named named = Named::of(event);
  const auto kind = static_cast<std::uint32_t>(named.kind) << kKindShift;
  switch (named.kind) {
    case Kind::kDeliver:
    case Kind::kDuplicate:
    case Kind::kCrashAtDelivery: {
      const Message message = named.argument;
      const std::uint32_t link = members_.sender(message) * nodes_ + members_.message(message).to;
      return {.thread = kind | link, .fault = is_fault(named.kind)};
    }
    case Kind::kFinishJob:
    case Kind::kBoot:
    case Kind::kPerform:
    case Kind::kCut:
      return {.thread = kind | named.node << kNodeShift | named.argument,
              .fault = is_fault(named.kind)};
    case Kind::kRing:
    case Kind::kCrash:
    case Kind::kWipe:
    case Kind::kDiskError:
    case Kind::kCrashAtOperation:
      return {.thread = kind | named.node << kNodeShift, .fault = is_fault(named.kind)};
  }
  HOLDFAST_UNREACHABLE("kind of event");
}

std::string ClusterSpace::text_of(Words state) const {
  const View now = view(state);
  return fmt::format("locals {}; {} in flight", fmt::join(now.locals, " "), now.flying.size());
}

std::string ClusterSpace::text_of(Words, EventName event) const {
  const Named named = Named::of(event);
  const auto operation = [&] {
    return members_.company().name_of(static_cast<std::uint8_t>(named.argument));
  };
  switch (named.kind) {
    case Kind::kDeliver:
      return fmt::format(
          "message {} to {}", named.argument, members_.message(named.argument).to + 1);
    case Kind::kDuplicate:
      return fmt::format("message {}, and it stays in flight", named.argument);
    case Kind::kRing:
      return fmt::format("alarm at {}", named.node + 1);
    case Kind::kFinishJob:
      return fmt::format("{} job of {}", named.argument == 0 ? "commit" : "bulk", named.node + 1);
    case Kind::kPerform:
      return fmt::format("{} at {}", operation(), named.node + 1);
    case Kind::kBoot:
      return fmt::format("boot {}", named.node + 1);
    case Kind::kCrash:
      return fmt::format("crash {}, disk {}", named.node + 1, named.argument);
    case Kind::kWipe:
      return fmt::format("wipe {}", named.node + 1);
    case Kind::kDiskError:
      return fmt::format("error {} {}", named.node + 1, named.argument);
    case Kind::kCrashAtDelivery:
      return fmt::format("crash at message {}, {}", named.argument, named.variant);
    case Kind::kCut:
      return fmt::format("cut {} to {}", named.node + 1, (named.argument & 0xff) + 1);
    case Kind::kCrashAtOperation:
      return fmt::format("crash at {} at {}, {}", operation(), named.node + 1, named.variant);
  }
  return StateSpace::text_of(Words{}, event);
}

}  // namespace holdfast::explore
