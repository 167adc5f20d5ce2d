#include "protocol/recovery.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "protocol/events.h"
#include "protocol/fiber/stack_note.h"
#include "protocol/state_names.h"

namespace holdfast {
namespace {

std::size_t count(const std::vector<Proposer::Testimony>& heard, Status status) {
  return static_cast<std::size_t>(std::ranges::count(
      heard, status, [](const Proposer::Testimony& t) { return t.reply.status; }));
}

// Two answers of one boot of a member, in two rounds of which one was asked after the other was
// over: in between, the member was what it said.
bool in_same_boot(const std::vector<Proposer::Testimony>& first, const Proposer::Testimony& t) {
  const auto before = std::ranges::find(first, t.member, &Proposer::Testimony::member);
  return before != first.end() && before->boot == t.boot;
}

void add_testimonies(StateHash& hash, const std::vector<Proposer::Testimony>& heard) {
  for (const Proposer::Testimony& testimony : heard)
    add_to(hash, testimony);
}

}  // namespace

std::string RecoveryReport::text() const {
  const std::string answers = "of the members that answered " + std::to_string(voting) + " vote, " +
                              std::to_string(recovering) + " recover, " + std::to_string(starting) +
                              " start and " + std::to_string(empty) + " are empty";
  const std::string needed = std::to_string(voters_needed);
  switch (wait) {
    case Wait::kNothing:
      return "votes";
    case Wait::kAnswers:
      return "asks the other members who they are; " + answers;
    case Wait::kInitialise:
      return "the log is not initialised: run `holdfast init` once at every member, or, if this "
             "log "
             "has held entries before, restore a member's directory; " +
             answers;
    case Wait::kFirstStart:
      return "takes part in the first initialisation, which needs every member; " + answers;
    case Wait::kVoters:
      return "its directory is lost or was never initialised, and it takes " + needed +
             " other members that vote to bring it back; start those that are down (" + answers +
             "); if more directories than that are lost for good, entries may be lost: see the "
             "manual on the loss of a quorum";
    case Wait::kNeverReturns:
      return "its directory is lost, and with fewer than three members it can not come back by "
             "itself; " +
             answers;
    case Wait::kRegistration:
      return "registers as incarnation " + std::to_string(incarnation.value) + " at " + needed +
             " other members that vote; " + answers;
    case Wait::kRange:
      return "learns the log up to position " + std::to_string(end.value) + " as incarnation " +
             std::to_string(incarnation.value);
    case Wait::kConfirmation:
      return "knows the log and is about to vote as incarnation " +
             std::to_string(incarnation.value) + ", once " + needed +
             " other members that vote have noted that; start those that are down (" + answers +
             ")";
  }
  HOLDFAST_UNREACHABLE("wait");
}

void Recovery::run() {
  report_.voters_needed = members().quorum();
  if (status() == Status::kRecovering) w_.ports.tracer.reach(Point::kRecoveryResumed);
  while (true) {
    report_.incarnation = w_.replica.image().metadata().incarnation;
    switch (status()) {
      case Status::kVoting:
        vote_until_outnumbered();
        break;
      case Status::kEmpty:
      case Status::kStarting:
        attend_first_start();
        break;
      case Status::kRecovering:
        // A directory that Mesos left in the middle of its recovery has no number to register yet.
        if (report_.incarnation == Incarnation{} && !w_.options.mesos_compat.d2) {
          attend_first_start();
        } else {
          recover();
        }
        break;
    }
  }
}

bool Recovery::outnumbered() const {
  return w_.peers.outdated(w_.options.self, w_.replica.image().metadata().incarnation);
}

void Recovery::vote_until_outnumbered() {
  report_.wait = RecoveryReport::Wait::kNothing;
  announce();
  while (!outnumbered()) {
    w_.scheduler.rest("votes");
    outnumbered_.wait();
  }
  w_.ports.tracer.reach(Point::kOutnumbered);
  if (current_ == Current::kUnknown) current_ = ask_whether_current();
  switch (current_) {
    case Current::kUnknown:
      pause();
      break;
    case Current::kYes:
      renumber();
      break;
    case Current::kNo:
      start_over();
      break;
  }
}

// A directory that was renumbered votes under a number that the others take for one of a life that
// was lost.  Only an old copy of it could be harmed: it would be taken for the last that voted.
void Recovery::announce() {
  constexpr std::int64_t kPauseGrowthMax = 64;
  const Incarnation mine = w_.replica.image().metadata().incarnation;
  const std::size_t enough = members().quorum();
  if (mine == Incarnation{} || w_.options.mesos_compat.d2) return;
  if (members().members.size() - 1 < enough) return;
  const auto confirmed = [&](const Testimonies& heard) {
    return count_others(heard, [this](const Testimony& t) { return votes(t); }) >= enough;
  };
  Duration pause = w_.options.recovery_pause;
  const StackNote note(w_.scheduler, "announce", [&](StateHash& hash) {
    hash.add(mine);
    hash.add(pause);
  });
  while (!announced_ && !outnumbered()) {
    announced_ = confirmed(proposer_.interview(
        {.registering = mine, .about_to_vote = true},
        w_.scheduler.now() + w_.options.recovery_deadline,
        [&](const Testimonies& so_far) { return outnumbered() || confirmed(so_far); }));
    if (announced_ || outnumbered()) return;
    const Duration drawn = w_.ports.random.between(RandomStream::kRecovery, pause, pause * 2);
    const NotedWait wait(w_.scheduler, "to announce again");
    if (outnumbered_.wait_until(w_.scheduler.now() + drawn)) return;
    pause = std::min(pause * 2, w_.options.recovery_pause * kPauseGrowthMax);
  }
}

// Of this member's own answer too much would be made: it knows no number but its own.
template <typename Which>
std::size_t Recovery::count_others(const Testimonies& heard, Which which) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      heard, [&](const Testimony& t) { return t.member != w_.options.self && which(t); }));
}

// It may be known under a higher number itself: that of a life that was lost before it voted.
bool Recovery::votes(const Testimony& t) const {
  return t.reply.status == Status::kVoting && t.incarnation >= w_.peers.seen().voted(t.member);
}

// Whether a later life of this member may have voted: that takes a quorum of others that were told
// so before.  If so many know of none that the rest are no quorum, there was none.  A life that was
// lost on its way to vote may have told its number to anybody.
Recovery::Current Recovery::ask_whether_current() {
  const Incarnation mine = w_.replica.image().metadata().incarnation;
  const auto vouches = [&](const Testimony& t) { return votes(t) && t.knows_voting <= mine; };
  const auto doubts = [mine](const Testimony& t) { return t.knows_voting > mine; };
  const std::size_t to_vouch = members().quorum() - 1;
  const std::size_t to_doubt = members().members.size() - to_vouch;
  const auto verdict = [&](const Testimonies& heard) {
    if (count_others(heard, vouches) >= to_vouch) return Current::kYes;
    return count_others(heard, doubts) >= to_doubt ? Current::kNo : Current::kUnknown;
  };
  const StackNote note(w_.scheduler, "whether current", [&](StateHash& hash) { hash.add(mine); });
  return verdict(proposer_.interview(
      {},
      w_.scheduler.now() + w_.options.recovery_deadline,
      [&](const Testimonies& so_far) { return verdict(so_far) != Current::kUnknown; },
      Proposer::Witnesses::kAny));
}

// Nobody ever voted under a higher number: a life of this member that was lost in turn has told a
// few.  Those few must be able to count this one again, and it has lost nothing.  Any quorum of
// others that a later life asks meets one of these, so with this member they need to be no more
// than a quorum.
void Recovery::renumber() {
  if (too_often()) return;
  w_.ports.tracer.reach(Point::kRenumberedVoting);
  const Incarnation seen = w_.peers.seen().of(w_.options.self);
  // Unless it is the one that was registered with some already.
  if (seen != next_) {
    if (!countable(seen)) return;
    next_ = {static_cast<std::uint16_t>(seen.value + 1)};
  }
  if (!register_twice(next_) || w_.peers.seen().of(w_.options.self) > next_) return;
  ++outnumbered_times_;
  announced_ = false;
  w_.replica.renumber(next_);
}

// With this member, which takes note at once, as many as may be needed to vouch for each other: two
// that are both outnumbered could not wait for a consistent quorum.  So that it is one all the same
// they are asked twice: between the rounds all of them, in lives that go on, know the number.
bool Recovery::register_twice(Incarnation number) {
  const RecoverRequest request{.registering = number};
  std::optional<Testimonies> first;
  const StackNote note(w_.scheduler, "register twice", [&](StateHash& hash) {
    hash.add(std::uint64_t{first.has_value()});
    if (first) add_testimonies(hash, *first);
  });
  const auto round = [&](auto which) {
    const auto enough = [&](const Testimonies& heard) {
      return count_others(heard, which) + 1 >= members().quorum();
    };
    Testimonies heard = proposer_.interview(request,
                                            w_.scheduler.now() + w_.options.recovery_deadline,
                                            enough,
                                            Proposer::Witnesses::kAny);
    return enough(heard) ? std::optional(std::move(heard)) : std::nullopt;
  };
  first = round([this](const Testimony& t) { return votes(t); });
  if (!first) return false;
  return round([&](const Testimony& t) { return votes(t) && in_same_boot(*first, t); }).has_value();
}

// The directory is an old copy of one that was lost since.  What it still has is as true as ever,
// but its promises may be out of date: it comes back as if it had lost its disk.
void Recovery::start_over() {
  if (too_often()) return;
  w_.ports.tracer.reach(Point::kStaleDirectory);
  ++outnumbered_times_;
  current_ = Current::kUnknown;
  coordinator_.on_vote_lost();
  w_.replica.become_recovering(w_.replica.image().metadata().incarnation);
}

bool Recovery::too_often() {
  if (outnumbered_times_ < kOutnumberedMax) return false;
  give_up("another process runs as member " + std::to_string(w_.options.self.value) +
          " (the cluster knows its incarnation " +
          std::to_string(w_.peers.seen().of(w_.options.self).value) +
          "): stop one of the two; of two copies of a directory keep the newer");
  return true;
}

bool Recovery::countable(Incarnation above) {
  if (above.value < std::numeric_limits<std::uint16_t>::max()) return true;
  give_up(
      "member " + std::to_string(w_.options.self.value) +
      " has lost its directory 65535 times, which is as far as incarnations count: give it a new "
      "id");
  return false;
}

// The node stops, which cancels this fiber.
void Recovery::give_up(std::string why) {
  listener_.on_store_failed({StoreError::Kind::kForeign, std::move(why)});
  outnumbered_.wait();
}

// Requires: a quorum of other VOTING members has answered this boot, so that the number is above
// every one that was ever registered: a number that ran ballots must not run others again.
void Recovery::take_number() {
  if (w_.options.mesos_compat.d2) {
    w_.ports.tracer.reach(Point::kRecoveryBegins);
    w_.replica.become_recovering({w_.options.mesos_compat.disks_lost});
    return;
  }
  const Incarnation above =
      std::max(w_.replica.image().metadata().incarnation, w_.peers.seen().of(w_.options.self));
  if (!countable(above)) return;
  w_.ports.tracer.reach(Point::kRecoveryBegins);
  w_.replica.become_recovering({static_cast<std::uint16_t>(above.value + 1)});
}

// --- the first start

void Recovery::attend_first_start() {
  const auto others = members().members.size() - 1;
  const bool starting = status() == Status::kStarting;
  const StackNote note(
      w_.scheduler, "first start", [&](StateHash& hash) { hash.add(std::uint64_t{starting}); });
  const Testimonies heard = ask({});
  const std::size_t voting = count(heard, Status::kVoting);
  const bool all = heard.size() == members().members.size();
  // A number of its own is a life that was lost: it may have voted.
  if (starting && voting > 0 && !outnumbered()) {
    w_.ports.tracer.reach(Point::kVotingFollows);
    w_.replica.become_voting();
    return;
  }
  if (voting >= members().quorum()) {
    take_number();
    return;
  }
  const bool nobody = voting == 0 && count(heard, Status::kRecovering) == 0;
  const bool first_start =
      w_.options.auto_initialise == AutoInitialise::kOn && all && nobody && !outnumbered();
  using Wait = RecoveryReport::Wait;
  if (first_start && starting && count(heard, Status::kEmpty) == 0) {
    w_.ports.tracer.reach(Point::kVotingFirst);
    w_.replica.become_voting();
    return;
  }
  if (first_start && !starting && confirm_all_empty(heard)) {
    w_.replica.become_starting();
    return;
  }
  if (first_start || (starting && nobody)) {
    report_.wait = Wait::kFirstStart;
  } else if (all && nobody) {
    report_.wait = Wait::kInitialise;
  } else if (voting > 0) {
    report_.wait = others < members().quorum() ? Wait::kNeverReturns : Wait::kVoters;
  } else {
    report_.wait = Wait::kAnswers;
  }
  pause();
}

// One round of answers is not enough: while it lasts, members may lose their disks and come back in
// turn, each seen at the moment it was EMPTY.  Two rounds in which every member is EMPTY or
// STARTING in the same boot have a moment between them at which all were, together.
bool Recovery::confirm_all_empty(const Testimonies& first) {
  const auto unborn = [](const Testimony& t) {
    return t.reply.status == Status::kEmpty || t.reply.status == Status::kStarting;
  };
  if (!std::ranges::all_of(first, unborn)) return false;
  const StackNote note(
      w_.scheduler, "all empty", [&](StateHash& hash) { add_testimonies(hash, first); });
  const Testimonies second = ask({});
  if (second.size() != first.size() || !std::ranges::all_of(second, unborn)) return false;
  if (!std::ranges::all_of(second, [&](const Testimony& t) { return in_same_boot(first, t); })) {
    w_.ports.tracer.reach(Point::kStartingRaced);
    return false;
  }
  w_.ports.tracer.reach(Point::kStartingAll);
  return true;
}

// --- after a lost disk

void Recovery::recover() {
  using Wait = RecoveryReport::Wait;
  report_.wait = Wait::kRegistration;
  const bool renumber = outnumbered();
  const Incarnation mine = w_.replica.image().metadata().incarnation;
  RecoverRequest request;
  const bool as_mesos = w_.options.mesos_compat.d2;
  if (!renumber && !as_mesos) request.registering = mine;
  Position end;
  Ballot floor;
  const StackNote note(w_.scheduler, "recover", [&](StateHash& hash) {
    hash.add(std::uint64_t{renumber});
    hash.add(mine);
    hash.add(end);
    hash.add(floor);
  });
  const Testimonies heard = ask(request);
  if (count(heard, Status::kVoting) < members().quorum()) {
    const bool never = members().members.size() - 1 < members().quorum();
    report_.wait = never ? Wait::kNeverReturns : Wait::kVoters;
    pause();
    return;
  }
  if (renumber) {
    w_.ports.tracer.reach(Point::kRecoveryRenumbered);
    take_number();
    return;
  }
  if (outnumbered()) return;
  Begin begin;
  for (const Testimony& t : heard) {
    if (t.reply.status != Status::kVoting) continue;
    begin = std::max(begin, t.reply.begin);
    end = std::max(end, t.reply.end);
    floor = std::max(floor, t.reply.promised);
  }
  w_.ports.tracer.record(EventKind::kRegistered, {mine.value, begin.position.value, end.value});
  report_.wait = Wait::kRange;
  report_.end = end;
  w_.replica.on_truncated(begin);
  if (!learn_up_to(end)) return;
  if (!as_mesos && !confirm()) return;
  Incarnations known = w_.peers.seen();
  known.raise_voted(w_.options.self, mine);
  w_.replica.become_voting_again(as_mesos ? Ballot{} : floor, as_mesos ? Incarnations{} : known);
  current_ = Current::kYes;
  announced_ = true;
  w_.ports.tracer.reach(Point::kRecoveryDone);
}

// False: the number has to be taken anew.
bool Recovery::learn_up_to(Position end) {
  constexpr std::int64_t kSpanGrowthMax = 64;
  const LogImage& image = w_.replica.image();
  if (image.begin().position > end) w_.ports.tracer.reach(Point::kRecoveryEmptyLog);
  ChosenUpto heard = w_.peers.chosen();
  Duration span = w_.options.recovery_deadline;
  Instant quiet_since = w_.scheduler.now();
  const StackNote note(w_.scheduler, "learn up to", [&](StateHash& hash) {
    add_to(hash, heard);
    hash.add(span);
    hash.add(quiet_since);
  });
  while (true) {
    if (outnumbered()) return false;
    const Instant now = w_.scheduler.now();
    if (w_.peers.chosen() > heard) {
      heard = w_.peers.chosen();
      quiet_since = now;
    }
    // Where everything is chosen a ballot deposes nobody; where nobody coordinates, there is
    // nobody.
    const bool settled = heard.ballot != Ballot{} && heard.upto >= end;
    const bool alone = quiet_since + w_.options.close_deadline <= now;
    if (alone && !settled) w_.ports.tracer.reach(Point::kRecoveryBallots);
    const auto means = settled || alone ? CatchUp::Means::kFetchFill : CatchUp::Means::kFetch;
    const Patience patience{now + span, [this] { return outnumbered(); }};
    if (catchup_.complete(end, means, patience)) return !outnumbered();
    if (means == CatchUp::Means::kFetchFill) {
      // Ballots that are given up before they can be answered only keep the disks busy.
      span = std::min(span * 2, w_.options.recovery_deadline * kSpanGrowthMax);
      continue;
    }
    w_.ports.tracer.reach(Point::kRecoveryCloses);
    w_.peers.broadcast(RequestId{}, CloseRequest{end});
    const NotedWait wait(w_.scheduler, "to ask again");
    w_.scheduler.sleep_for(std::min(w_.options.resend_max, w_.options.close_deadline / 4));
  }
}

// From its first vote on this life must not be taken for one that was lost: q others that know of
// it meet any q - 1 that an old copy of a directory could ask.  False: the number has to be taken
// anew.
bool Recovery::confirm() {
  report_.wait = RecoveryReport::Wait::kConfirmation;
  const RecoverRequest request{.registering = w_.replica.image().metadata().incarnation,
                               .about_to_vote = true};
  const StackNote note(
      w_.scheduler, "confirm", [&](StateHash& hash) { hash.add(request.registering); });
  while (!outnumbered()) {
    if (count(ask(request), Status::kVoting) >= members().quorum()) return !outnumbered();
    pause();
  }
  return false;
}

// --- asking

Recovery::Testimonies Recovery::ask(const RecoverRequest& request) {
  const std::size_t all = members().members.size();
  const bool any = status() == Status::kStarting && !outnumbered();
  const std::size_t voters = any ? 1 : members().quorum();
  const auto enough = [&](const Testimonies& heard) {
    return heard.size() == all || count(heard, Status::kVoting) >= voters;
  };
  const StackNote asking(w_.scheduler, "ask", [&](StateHash& hash) { hash.add(voters); });
  Testimonies heard =
      proposer_.interview(request, w_.scheduler.now() + w_.options.recovery_deadline, enough);
  note(heard);
  return heard;
}

void Recovery::note(const Testimonies& heard) {
  report_.voting = count(heard, Status::kVoting);
  report_.recovering = count(heard, Status::kRecovering);
  report_.starting = count(heard, Status::kStarting);
  report_.empty = count(heard, Status::kEmpty);
}

// At random, so that members that change their status together do not ask each other in step.
void Recovery::pause() {
  const Duration pause = w_.options.recovery_pause;
  const NotedWait wait(w_.scheduler, "pause");
  w_.scheduler.sleep_for(w_.ports.random.between(RandomStream::kRecovery, pause, pause * 2));
}

}  // namespace holdfast
