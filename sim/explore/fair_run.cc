#include "sim/explore/fair_run.h"

#include <algorithm>
#include <utility>

#include "protocol/env/check.h"

namespace holdfast::explore {
namespace {

// More of either is no progress any more.
constexpr std::uint32_t kRoundsMax = 300;
constexpr std::uint32_t kStepsOfRoundMax = 20'000;

// An operation is asked for again when so many rounds have not brought it to an end.
constexpr std::uint32_t kPatience = 8;

// Beyond what any budget counts.
constexpr std::uint8_t kSerial = 200;

}  // namespace

std::string FairRun::stuck(Words locals, Words flying) {
  ++runs_;
  Now now{.locals = {locals.begin(), locals.end()}, .flying = {flying.begin(), flying.end()}};
  std::vector<Fingerprint> way;
  for (std::uint32_t round = 0; round < kRoundsMax; ++round) {
    const Fingerprint name = name_of(now);
    const bool good = good_.contains(name);
    way.push_back(name);
    if (!good && !settle(now))
      return std::string(kStuck) + "the members send each other frames without end";
    if (!good) work(now);
    if (good || reached(now)) {
      good_.insert(way.begin(), way.end());
      return {};
    }
  }
  return std::string(kStuck) + (now.work == 0 ? goal_.if_not : goal_.works[now.work - 1].if_not);
}

Fingerprint FairRun::name_of(const Now& now) const {
  std::vector<std::uint32_t> words(now.locals);
  words.insert(words.end(), now.flying.begin(), now.flying.end());
  words.push_back(static_cast<std::uint32_t>(now.work));
  words.push_back(now.worker << 2 | (now.asked ? 2u : 0u) | (now.done ? 1u : 0u));
  words.push_back(now.quiet);
  return fingerprint_of(words);
}

// False: nothing happened, and nobody saw it.
bool FairRun::happen(Now& now, Node node, LocalEvent event) {
  ++steps_;
  const Reaction& reaction = members_.react(now.locals[node], event);
  if (members_.nothing(now.locals[node], reaction)) return false;
  now.locals[node] = reaction.next;
  now.flying.insert(now.flying.end(), reaction.sent.begin(), reaction.sent.end());
  if (!now.asked || node != now.worker) return true;
  for (const Seen& seen : members_.observed(reaction.seen).seen)
    now.done = now.done || goal_.works[now.work - 1].done(seen);
  return true;
}

// Until nobody has anything to do before time passes; false if that does not come.
bool FairRun::settle(Now& now) {
  for (std::uint32_t steps = 0; steps < kStepsOfRoundMax; ++steps) {
    bool any = false;
    for (Node node = 0; node < now.locals.size(); ++node) {
      const Local& local = members_.local(now.locals[node]);
      if (!local.up) {
        any = happen(now, node, {Happening::kBoot, 0}) || any;
        continue;
      }
      const Standing standing = local.standing;
      for (std::uint32_t lane = 0; lane < standing.jobs.size(); ++lane)
        if (standing.jobs[lane]) any = happen(now, node, {Happening::kFinishJob, lane}) || any;
    }
    if (any) continue;
    if (now.flying.empty()) return true;
    const Message message = now.flying.front();
    now.flying.erase(now.flying.begin());
    const Node to = members_.message(message).to;
    if (members_.local(now.locals[to]).standing.hears) {
      happen(now, to, {Happening::kDeliver, message});
    }
  }
  return false;
}

void FairRun::work(Now& now) {
  const auto asks = [&](Node node, std::uint8_t bits) {
    return (members_.local(now.locals[node]).standing.asks & bits) == bits;
  };
  if (now.work == 0) {
    for (Node node = 0; node < now.locals.size(); ++node)
      if (!asks(node, goal_.all_ask)) return ring(now);
    now.work = 1;
  }
  if (now.done) {
    ++now.work;
    now.asked = now.done = false;
  }
  if (reached(now)) return;
  const std::uint8_t kind = goal_.works[now.work - 1].kind;
  const auto bit = static_cast<std::uint8_t>(1u << kind);
  if (now.asked && ++now.quiet >= kPatience) now.asked = !asks(now.worker, bit);
  if (now.asked) return ring(now);
  for (Node node = 0; node < now.locals.size(); ++node) {
    if (!asks(node, bit)) continue;
    now.asked = true;
    now.worker = node;
    now.quiet = 0;
    happen(now, node, LocalEvent::of({.kind = kind, .serial = kSerial}));
    return;
  }
  // Whoever could do it before cannot any more: what came before is to be done again.
  now.work = std::max<std::size_t>(now.work - 1, 1);
  ring(now);
}

void FairRun::ring(Now& now) {
  for (Node node = 0; node < now.locals.size(); ++node)
    if (members_.local(now.locals[node]).standing.alarm) happen(now, node, {Happening::kRing, 0});
}

}  // namespace holdfast::explore
