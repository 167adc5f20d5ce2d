#include "sim/explore/members.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "protocol/env/check.h"

#include "sim/explore/bounds.h"

namespace holdfast::explore {
namespace {

Fingerprint digest(const Effects& effects) {
  StateHash all;
  for (const Sent& sent : effects.sent)
    all.add(fingerprint_of_frame(sent.to, *sent.frame));
  all.add(effects.sent.size());
  for (const Seen& seen : effects.seen) {
    all.add(seen.kind);
    all.add(seen.words.size());
    for (const std::uint64_t word : seen.words)
      all.add(word);
    all.add(seen.bytes);
  }
  return all.name();
}

std::uint64_t key_of(LocalState local, LocalEvent event) {
  return std::uint64_t{local} << 32 | std::uint64_t{event.argument} << 3 |
         static_cast<std::uint64_t>(event.what);
}

}  // namespace

LocalState Members::first(Node node) {
  return down(node, {}, images_.number_of(company_.first_image(node)));
}

LocalState Members::wiped(LocalState local) {
  const Past past = locals_[local].past;
  return down(
      locals_[local].node, {.lives = past.lives, .lost = past.lives}, images_.number_of({}));
}

LocalState Members::down(Node node, const Past& past, std::uint32_t image) {
  return intern({.node = node,
                 .up = false,
                 .past = past,
                 .image = image,
                 .name = name_of_down(node, past, images_[image])});
}

LocalState Members::intern(const Local& local) {
  const auto [place, fresh] =
      known_locals_.try_emplace(local.name, static_cast<LocalState>(locals_.size()));
  if (fresh) {
    locals_.push_back(local);
    locals_.back().worth = worth_of_local(local.node, local.name);
  }
  return place->second;
}

// That a node sends what another sent byte for byte is not known to happen; the first is named.
Message Members::number_of(Node from, std::uint32_t life, const Sent& sent) {
  const Fingerprint name = fingerprint_of_frame(sent.to, *sent.frame);
  const auto [place, fresh] =
      known_messages_.try_emplace(name, static_cast<Message>(messages_.size()));
  // As many as the name of an event has room for.
  HOLDFAST_CHECK(place->second < kMessagesMax, place->second);
  if (fresh) {
    messages_.push_back({.from = from,
                         .link = life << 16 | from << 8 | sent.to,
                         .sent = sent,
                         .name = name,
                         .worth = worth_of_flying(name)});
  }
  return place->second;
}

Fingerprint Members::name_of(LocalEvent event) const {
  switch (event.what) {
    case Happening::kBoot:
      return explore::name_of(Given::kBoot, 0);
    case Happening::kDeliver:
      return messages_[event.argument].name;
    case Happening::kRing:
      return explore::name_of(Given::kRing, 0);
    case Happening::kFinishJob:
      return explore::name_of(Given::kFinishJob, event.argument);
    case Happening::kPerform:
      return explore::name_of(Given::kPerform, event.argument);
    case Happening::kDiskError:
      return explore::name_of(Given::kDiskError, event.argument);
  }
  HOLDFAST_UNREACHABLE("happening");
}

// With the same disk a node is not the same in its next life.
Fingerprint Members::name_of(const Life& life, LocalState before, LocalEvent event) const {
  const Local& was = locals_[before];
  Past past = was.past;
  past.lives += event.what == Happening::kBoot ? 1 : 0;
  if (life.ended()) return name_of_down(was.node, past, life.left_behind());
  if (terms_.identity == Identity::kHistory) return chained(was.name, name_of(event));
  return name_of_up(was.node, past, life.state_name());
}

const Reaction& Members::react(LocalState local, LocalEvent event) {
  const auto [place, fresh] = known_reactions_.try_emplace(
      key_of(local, event), static_cast<std::uint32_t>(reactions_.size()));
  if (!fresh) return reactions_[place->second];

  const Local before = locals_[local];
  const bool boots = event.what == Happening::kBoot;
  HOLDFAST_REQUIRE(boots != before.up);
  Past past = before.past;
  past.lives += boots ? 1 : 0;
  std::unique_ptr<Life> life =
      boots
          ? std::make_unique<Life>(company_, before.node, past.lives, images_[before.image], terms_)
          : life_at(local);
  const Deaf deaf = deaf_to(*life, event);
  const Effects effects = apply(*life, before.node, event);

  const std::size_t known = locals_.size();
  const LocalState next = life->ended()
                              ? down(before.node, past, images_.number_of(life->left_behind()))
                              : intern({.node = before.node,
                                        .up = true,
                                        .past = past,
                                        .image = before.image,
                                        .before = local,
                                        .last = event,
                                        .standing = life->standing(),
                                        .name = name_of(*life, local, event)});
  effects_.push_back(digest(effects));
  reactions_.push_back(numbered(next, past.lives, effects));
  const std::size_t index = reactions_.size() - 1;
  deaf_.push_back(nothing(local, reactions_[index]) ? deaf : Deaf{});
  if (!terms_.audit && !life->ended()) spares_.keep(next, std::move(life));
  if (terms_.audit) {
    events_at_[local].push_back(event);
    const std::vector<OtherWay> ways = other_ways_[local];
    for (const OtherWay& way : ways)
      audit_event(local, way, event);
    if (next < known && locals_[next].up) audit_merge(next, {.before = local, .event = event});
  }
  return reactions_[index];
}

// A few ways are enough: what is hidden is hidden from all of them.
void Members::audit_merge(LocalState local, OtherWay way) {
  constexpr std::size_t kWaysMax = 3;
  std::vector<OtherWay>& ways = other_ways_[local];
  if (ways.size() == kWaysMax) return;
  ways.push_back(way);
  const std::vector<LocalEvent> events = events_at_[local];
  for (const LocalEvent event : events)
    audit_event(local, way, event);
}

void Members::audit_event(LocalState local, OtherWay way, LocalEvent event) {
  if (!problem_.empty()) return;
  ++audits_;
  const Local before = locals_[way.before];
  auto life =
      before.up ? live_again(way.before)
                : std::make_unique<Life>(
                      company_, before.node, before.past.lives + 1, images_[before.image], terms_);
  apply(*life, before.node, way.event);
  const std::uint32_t index = index_of(local, event);
  const Fingerprint effects = digest(apply(*life, before.node, event));
  const Local& next = locals_[reactions_[index].next];
  const bool same_standing = !next.up || life->standing() == next.standing;
  if (effects == effects_[index] && name_of(*life, local, event) == next.name && same_standing) {
    return;
  }
  problem_ =
      fmt::format("node {} says of two histories that they are one state, and goes on otherwise",
                  before.node + 1);
}

Members::Deaf Members::deaf_to(const Life& life, LocalEvent event) const {
  if (event.what != Happening::kDeliver) return {};
  const Frame& frame = messages_[event.argument].sent.frame;
  Deaf deaf{};
  for (const Losses losses : {Losses::kNone, Losses::kMemories, Losses::kDisks})
    deaf[static_cast<std::size_t>(losses)] = life.deaf_to(frame, losses);
  return deaf;
}

Reaction Members::numbered(LocalState next, std::uint32_t life, const Effects& effects) {
  Reaction reaction{.next = next,
                    .sent = {},
                    .seen = observation({.node = locals_[next].node,
                                         .life = life,
                                         .what = Observed::What::kStep,
                                         .seen = effects.seen})};
  for (const Sent& sent : effects.sent)
    reaction.sent.push_back(number_of(locals_[next].node, life, sent));
  return reaction;
}

const std::vector<Reaction>& Members::interrupted(LocalState local, LocalEvent event) {
  const std::uint64_t key = key_of(local, event);
  const auto known = known_interruptions_.find(key);
  if (known != known_interruptions_.end()) return known->second;
  const Local now = locals_[local];
  const std::unique_ptr<Life> whole = live_again(local);
  apply(*whole, now.node, event);
  std::vector<Reaction> all;
  for (unsigned jobs = 0; jobs < whole->jobs_run(); ++jobs) {
    const std::unique_ptr<Life> life = live_again(local);
    life->fail_after(jobs);
    const Effects effects = apply(*life, now.node, event);
    for (const Image& image : life->crash({})) {
      const LocalState next = down(now.node, now.past, images_.number_of(image));
      Reaction reaction = numbered(next, now.past.lives, effects);
      if (std::find(all.begin(), all.end(), reaction) == all.end()) {
        all.push_back(std::move(reaction));
      }
    }
  }
  return known_interruptions_.emplace(key, std::move(all)).first->second;
}

// A boot first.
std::vector<LocalEvent> Members::history(LocalState local) const {
  std::vector<LocalEvent> events;
  for (LocalState at = local; locals_[at].up; at = locals_[at].before)
    events.push_back(locals_[at].last);
  std::reverse(events.begin(), events.end());
  return events;
}

std::uint32_t Members::index_of(LocalState local, LocalEvent event) const {
  return known_reactions_.at(key_of(local, event));
}

// One that was kept may have come by another way; where histories of one state are compared with
// each other, none are kept.
std::unique_ptr<Life> Members::life_at(LocalState local) {
  std::unique_ptr<Life> kept = spares_.take(local);
  return kept ? std::move(kept) : live_again(local);
}

// Effects are compared at each step; names, which cost nearly half of one, where it ends.
std::unique_ptr<Life> Members::live_again(LocalState local) {
  const Local now = locals_[local];
  auto life =
      std::make_unique<Life>(company_, now.node, now.past.lives, images_[now.image], terms_);
  LocalState at = local;
  while (locals_[at].up)
    at = locals_[at].before;
  bool same = true;
  for (const LocalEvent event : history(local)) {
    const std::uint32_t known = index_of(at, event);
    same = digest(apply(*life, now.node, event)) == effects_[known] && same;
    const LocalState next = reactions_[known].next;
    const bool named = terms_.audit || next == local;
    same = same && (!named || name_of(*life, at, event) == locals_[next].name);
    at = next;
  }
  if (problem_.empty() && !(same && life->standing() == now.standing)) {
    problem_ =
        fmt::format("node {} did something else when the same happened to it again", now.node + 1);
  }
  return life;
}

Effects Members::apply(Life& life, Node node, LocalEvent event) {
  ++steps_run_;
  doing_ = {.node = node, .event = event};
  switch (event.what) {
    case Happening::kBoot:
      return life.start();
    case Happening::kDeliver:
      return life.deliver(messages_[event.argument].sent.frame);
    case Happening::kRing:
      return life.ring();
    case Happening::kFinishJob:
      return life.finish_job(kLanes[event.argument]);
    case Happening::kPerform:
      return life.perform(event.operation());
    case Happening::kDiskError:
      return life.break_disk(event.argument != 0);
  }
  HOLDFAST_UNREACHABLE("happening");
}

std::string Members::text_of(LocalEvent event) const {
  switch (event.what) {
    case Happening::kBoot:
      return "at its boot";
    case Happening::kDeliver:
      return fmt::format("at message {}", event.argument);
    case Happening::kRing:
      return "at an alarm";
    case Happening::kFinishJob:
      return event.argument == 0 ? "at the end of a commit job" : "at the end of a bulk job";
    case Happening::kPerform:
      return "at " + company_.name_of(event.operation().kind);
    case Happening::kDiskError:
      return "when its disk becomes bad";
  }
  HOLDFAST_UNREACHABLE("happening");
}

bool Members::deaf(LocalState local, Message message, Losses losses) {
  if (!locals_[local].standing.hears) return false;
  const LocalEvent delivery{Happening::kDeliver, message};
  react(local, delivery);
  return deaf_[index_of(local, delivery)][static_cast<std::size_t>(losses)];
}

const std::vector<LocalState>& Members::crashed(LocalState local) {
  const auto known = known_crashes_.find(local);
  if (known != known_crashes_.end()) return known->second;
  const Local now = locals_[local];
  HOLDFAST_REQUIRE(now.up, local);
  std::vector<LocalState> all;
  for (const Cut& cut : cuts(now.standing)) {
    for (const Image& image : live_again(local)->crash(cut)) {
      const LocalState next = down(now.node, now.past, images_.number_of(image));
      if (std::find(all.begin(), all.end(), next) == all.end()) all.push_back(next);
    }
  }
  return known_crashes_.emplace(local, std::move(all)).first->second;
}

}  // namespace holdfast::explore
