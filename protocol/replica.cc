#include "protocol/replica.h"

#include <algorithm>
#include <utility>

#include "protocol/events.h"
#include "protocol/learner.h"
#include "protocol/member_lists.h"

namespace holdfast {
namespace {

std::uint64_t word(std::optional<Position> p) {
  return p ? p->value : kNoPosition;
}

// Records below it are garbage.  Whatever carries begin lies at begin - 1 or above, save a TRUNCATE
// of Mesos, which may name a first position past its own record.
Position garbage_bound(const Begin& begin) {
  if (begin.position == Position{0}) return Position{0};
  return std::min(begin.position.previous(), begin.made_at.value_or(Position::max()));
}

std::string mismatch(const char* what, std::uint64_t stored, std::uint64_t configured) {
  return std::string("the directory belongs to ") + what + " " + std::to_string(stored) +
         ", the configuration says " + std::to_string(configured) +
         ": correct the configuration, or point it at the right directory";
}

// Quorums of two lists need not share a member, so nobody may start under an edited list.
std::string edited_list(std::uint64_t stored, const Membership& membership) {
  const Configuration& configured = membership.at(Position{});
  const auto members = find_members(stored, configured);
  return "the directory belongs to a log with " +
         (members ? "the members " + to_text(*members)
                  : "another member list (digest " + std::to_string(stored) + ")") +
         ", the configuration says " + to_text(configured.members) + " (digest " +
         std::to_string(membership.digest()) +
         "): the members of a log cannot be changed by editing their list; configure the list it "
         "was made with, or point the configuration at the right directory";
}

}  // namespace

Replica::Replica(Wiring wiring)
    : options_(wiring.options),
      ports_(wiring.ports),
      scheduler_(wiring.scheduler),
      peers_(wiring.peers),
      store_(std::move(wiring.store)),
      listener_(wiring.listener),
      image_(4 * wiring.options.window, wiring.options.key_positions),
      commits_(ports_.disk,
               scheduler_,
               store_,
               [this](const StoreError& error) { listener_.on_store_failed(error); }),
      progress_(scheduler_),
      erase_wanted_(scheduler_) {}

std::optional<StoreError> Replica::restore(Restored restored) {
  const Metadata& metadata = restored.metadata;
  const auto foreign = [](std::string text) {
    return StoreError{StoreError::Kind::kForeign, std::move(text)};
  };
  if (metadata.cluster != 0) {
    if (metadata.cluster != options_.cluster) {
      return foreign(mismatch("cluster", metadata.cluster, options_.cluster));
    }
    if (metadata.log != options_.log) return foreign(mismatch("log", metadata.log, options_.log));
    if (metadata.member != options_.self) {
      return foreign(mismatch("member", metadata.member.value, options_.self.value));
    }
    if (metadata.config != options_.membership.digest()) {
      return foreign(edited_list(metadata.config, options_.membership));
    }
  }
  const auto first = restored.first;
  image_.restore(std::move(restored));
  if (image_.metadata().cluster == 0) {
    image_.metadata().cluster = options_.cluster;
    image_.metadata().log = options_.log;
    image_.metadata().member = options_.self;
    image_.metadata().config = options_.membership.digest();
    commits_.stage(image_.metadata());
  }
  peers_.set_incarnation(image_.metadata().incarnation);
  peers_.set_known(image_.metadata().known);
  peers_.raise_chosen(image_.metadata().settled);
  record_restored();
  erase_bound_ = garbage_bound(image_.begin());
  erase_pending_ = first && *first < erase_bound_;
  if (erase_pending_) ports_.tracer.reach(Point::kEraseResumed);
  scheduler_.spawn([this] { erase_truncated(); });
  return std::nullopt;
}

void Replica::record_restored() {
  Tracer& tracer = ports_.tracer;
  tracer.record(EventKind::kRestored,
                {static_cast<std::uint64_t>(image_.metadata().status),
                 image_.metadata().promised.value,
                 image_.begin().position.value,
                 word(image_.begin().made_at),
                 word(image_.end()),
                 image_.metadata().rounds_reserved,
                 image_.metadata().incarnation.value});
  record_known();
  for (const Interval& run : image_.learned_intervals()) {
    tracer.record(EventKind::kRestoredLearned, {run.first.value, run.last.value});
  }
  if (!image_.end()) return;
  const auto unlearned = image_.in_memory(image_.begin().position, *image_.end());
  for (const Action& action : unlearned) {
    tracer.record(EventKind::kRestoredAction,
                  {action.position.value,
                   action.promised.value,
                   action.performed.value,
                   action.value ? event_flags(*action.value, false) : 0,
                   action.value ? action.value->digest() : 0});
  }
  if (!unlearned.empty()) tracer.reach(Point::kRestoredUnlearned);
  std::uint64_t gaps = 0;
  for (const Interval& gap : image_.missing(Position{0}, *image_.end(), SIZE_MAX)) {
    gaps += gap.last.value - gap.first.value + 1;
  }
  if (gaps > unlearned.size()) tracer.reach(Point::kRestoredHoles);
}

void Replica::record_known() {
  for (const auto& [member, registered, voted] : image_.metadata().known.list())
    ports_.tracer.record(EventKind::kKnown, {member.value, registered.value, voted.value});
}

void Replica::begin_commit() {
  commits_.begin([this](const WriteBatch& batch) {
    for (const Action& record : batch.actions)
      image_.became_durable(record);
  });
  if (commits_.batch_positions() > 1) ports_.tracer.reach(Point::kBatchShared);
}

// Nothing may be stored below a begin that is on its way to the disk: it could take the place of
// the tombstone.  Whoever asked asks again, and is then told TRUNCATED.
bool Replica::about_to_truncate(Position p) const {
  return begin_pending_ && p < *begin_pending_;
}

// --- promises and writes

AcceptorView Replica::view(std::optional<Position> p) const {
  AcceptorView view = image_.view(p);
  view.mesos = options_.mesos_compat;
  return view;
}

void Replica::on_promise(const Asker& asker, const PromiseRequest& request) {
  if (request.position && about_to_truncate(*request.position)) return;
  if (request.position && image_.on_disk_only(*request.position)) {
    with_record(*request.position, [this, asker, request](std::optional<Action> record) {
      AcceptorView view = this->view(std::nullopt);
      view.action = std::move(record);
      PromiseStep step = holdfast::on_promise(view, request);
      note_promise(step, request);
      answer_promise(asker, std::move(step));
    });
    return;
  }
  AcceptorView known = view(request.position);
  known.overtaken = request.settles && image_.overtaken(*request.settles, request.ballot);
  PromiseStep step = holdfast::on_promise(known, request);
  note_promise(step, request);
  if (step.settled && image_.metadata().settled < *step.settled) {
    image_.metadata().settled = *step.settled;
    commits_.stage(image_.metadata());
  }
  if (step.promised) {
    image_.metadata().promised = *step.promised;
    commits_.stage(image_.metadata());
    listener_.on_implicit_promise(*step.promised);
  }
  if (step.record) {
    image_.put(*step.record);
    commits_.stage(*step.record);
  }
  answer_promise(asker, std::move(step));
}

void Replica::answer_promise(const Asker& asker, PromiseStep step) {
  const PromiseReply& reply = step.reply;
  const auto position = word(reply.position);
  const auto ballot = reply.ballot.value;
  if (reply.answer == Answer::kReject || reply.answer == Answer::kIgnored) {
    // Says nothing that a crash could take back, so it need not wait for the disk.
    ports_.tracer.record(EventKind::kRefused,
                         {static_cast<std::uint64_t>(reply.answer), position, ballot});
    send(asker, std::move(step.reply));
    return;
  }
  const bool promise = reply.answer == Answer::kAccept && !(reply.action && reply.action->learned);
  answer(asker, std::move(step.reply), [this, promise, position, ballot] {
    if (promise) ports_.tracer.record(EventKind::kPromised, {position, ballot});
  });
}

// Votes for positions in a row, which are said together.
struct Replica::Votes {
  struct Vote {
    std::uint64_t flags;
    std::uint64_t digest;
  };

  Ballot ballot;
  Position first;
  std::vector<Vote> list{};

  bool goes_on_at(Position position) const {
    return !list.empty() && first + list.size() == position;
  }
};

void Replica::on_write(const Asker& asker, const WriteRequest& request) {
  Votes votes{.ballot = request.ballot, .first = request.position};
  votes.list.reserve(request.rest.size() + 1);
  vote(asker, request, votes);
  for (std::size_t i = 0; i < request.rest.size(); ++i) {
    vote(asker, {request.ballot, request.position + (i + 1), request.rest[i]}, votes);
  }
  say(asker, votes);
  // The notice that it is chosen overtook the write.  After the answer: what this learns may move
  // begin past the position, below which nothing is said any more (docs/bugs.md, 4).
  const ChosenUpto& chosen = peers_.chosen();
  if (chosen.ballot == request.ballot && request.position <= chosen.upto) on_chosen(chosen);
}

// Of the first position of `request` only.
void Replica::vote(const Asker& asker, const WriteRequest& request, Votes& votes) {
  if (about_to_truncate(request.position)) return;
  if (image_.on_disk_only(request.position)) {
    // Without what goes to the positions above.
    WriteRequest one{request.ballot, request.position, request.value};
    with_record(request.position,
                [this, asker, request = std::move(one)](std::optional<Action> record) {
                  AcceptorView view = this->view(std::nullopt);
                  view.action = std::move(record);
                  WriteStep step = holdfast::on_write(view, request);
                  note_write(view, step, request);
                  answer_write(asker, std::move(step), request);
                });
    return;
  }
  const AcceptorView view = this->view(request.position);
  WriteStep step = holdfast::on_write(view, request);
  note_write(view, step, request);
  if (step.record) {
    HOLDFAST_CHECK(step.record->performed <= step.record->promised || options_.mesos_compat.d1);
    image_.put(*step.record);
    commits_.stage(*step.record);
  }
  if (step.reply.answer != Answer::kAccept || step.reply.learned) {
    answer_write(asker, std::move(step), request);
    return;
  }
  if (!votes.goes_on_at(request.position)) {
    say(asker, votes);
    votes.first = request.position;
  }
  votes.list.push_back({event_flags(request.value, false), request.value.digest()});
}

void Replica::say(const Asker& asker, Votes& votes) {
  if (votes.list.empty()) return;
  WriteReply reply{.answer = Answer::kAccept,
                   .ballot = votes.ballot,
                   .position = votes.first,
                   .more = votes.list.size() - 1};
  answer(asker, std::move(reply), [this, said = votes] {
    for (std::size_t i = 0; i < said.list.size(); ++i) {
      ports_.tracer.record(
          EventKind::kAccepted,
          {(said.first + i).value, said.ballot.value, said.list[i].flags, said.list[i].digest});
    }
  });
  votes.list.clear();
}

void Replica::answer_write(const Asker& asker, WriteStep step, const WriteRequest& request) {
  const WriteReply& reply = step.reply;
  const auto position = reply.position.value;
  const auto ballot = reply.ballot.value;
  if (reply.answer == Answer::kReject || reply.answer == Answer::kIgnored) {
    ports_.tracer.record(EventKind::kRefused,
                         {static_cast<std::uint64_t>(reply.answer), position, ballot});
    send(asker, std::move(step.reply));
    return;
  }
  const bool vote = reply.answer == Answer::kAccept && !reply.learned;
  const auto flags = event_flags(request.value, false);
  const auto digest = request.value.digest();
  answer(asker, std::move(step.reply), [this, vote, position, ballot, flags, digest] {
    if (vote) ports_.tracer.record(EventKind::kAccepted, {position, ballot, flags, digest});
  });
}

void Replica::note_promise(const PromiseStep& step, const PromiseRequest& request) {
  if (step.reply.answer == Answer::kIgnored) ports_.tracer.reach(Point::kNonVoterAsked);
  if (step.reply.answer == Answer::kTruncated) ports_.tracer.reach(Point::kPromiseOnTruncated);
  if (step.reply.answer == Answer::kReject && request.settles) {
    ports_.tracer.reach(Point::kSettleRefused);
  }
  if (step.reply.answer != Answer::kAccept || step.settled) return;
  if (step.reply.action && step.reply.action->learned) {
    ports_.tracer.reach(Point::kPromiseOnLearned);
  } else if (!step.promised && !step.record) {
    ports_.tracer.reach(Point::kPromiseResent);
  }
  maybe(request.position.has_value());
}

void Replica::note_write(const AcceptorView& view,
                         const WriteStep& step,
                         const WriteRequest& request) {
  if (step.reply.answer == Answer::kIgnored) ports_.tracer.reach(Point::kNonVoterAsked);
  if (step.reply.answer == Answer::kTruncated) ports_.tracer.reach(Point::kWriteOnTruncated);
  if (step.reply.answer != Answer::kAccept) return;
  if (view.action && view.action->learned) {
    ports_.tracer.reach(step.reply.learned ? Point::kWriteOnLearnedOther : Point::kWriteOnLearned);
  } else if (!step.record) {
    ports_.tracer.reach(Point::kWriteResendAccepted);
  } else if (request.ballot > (view.action ? view.action->promised : view.promised)) {
    ports_.tracer.reach(Point::kPromiseRaisedByWrite);
  }
}

// --- answers

void Replica::send(const Asker& asker, Message reply) {
  if (asker.node == options_.self) {
    listener_.on_own_answer(asker.request, std::move(reply));
  } else {
    peers_.answer(asker, std::move(reply));
  }
}

template <typename Said>
void Replica::answer(const Asker& asker, Message reply, Said said) {
  const bool held = commits_.when_durable(
      [this, asker, reply = std::move(reply), said = std::move(said)]() mutable {
        said();
        send(asker, std::move(reply));
      });
  if (held) ports_.tracer.reach(Point::kReplyHeld);
}

void Replica::register_incarnation(NodeId member, const RecoverRequest& request) {
  Incarnations& known = image_.metadata().known;
  const Incarnation voted = request.about_to_vote ? *request.registering : Incarnation{};
  if (!known.raise({.member = member, .registered = *request.registering, .voted = voted})) return;
  commits_.stage(image_.metadata());
  ports_.tracer.record(EventKind::kKnown,
                       {member.value, known.of(member).value, known.voted(member).value});
  peers_.set_known(known);
}

void Replica::on_recover(const Asker& asker, const RecoverRequest& request) {
  RecoverReply reply;
  reply.status = image_.metadata().status;
  if (reply.status == Status::kVoting && request.registering) {
    register_incarnation(asker.node, request);
  }
  if (reply.status == Status::kVoting) {
    reply.begin = image_.begin();
    reply.end = image_.voting_end();
    reply.promised = image_.metadata().promised;
  }
  const bool vouches = reply.status == Status::kVoting && request.registering;
  const auto member = asker.node.value;
  const auto registered = image_.metadata().known.of(asker.node).value;
  const auto voted = image_.metadata().known.voted(asker.node).value;
  answer(asker, reply, [this, vouches, member, registered, voted] {
    if (vouches) ports_.tracer.record(EventKind::kVouched, {member, registered, voted});
  });
}

void Replica::on_fetch(const Asker& asker, const FetchRequest& request) {
  if (image_.metadata().status == Status::kEmpty || request.to < request.from) return;
  if (reads_in_flight_ >= options_.reads_in_flight_max) return;
  ++reads_in_flight_;
  scheduler_.spawn([this, asker, request] {
    serve_fetch(asker, request);
    --reads_in_flight_;
  });
}

void Replica::serve_fetch(const Asker& asker, const FetchRequest& request) {
  LearnedRange range = read_learned(request.from, request.to, options_.fetch_bytes_max);
  FetchReply reply{.from = request.from,
                   .upto = range.upto,
                   .actions = std::move(range.actions),
                   .begin = image_.begin()};
  std::erase_if(reply.actions,
                [&](const Action& action) { return action.position < reply.begin.position; });
  if (range.upto < request.to) ports_.tracer.reach(Point::kFetchCut);
  send(asker, std::move(reply));
}

// --- learning

void Replica::on_learned(const Action& action) {
  if (image_.metadata().status == Status::kEmpty || about_to_truncate(action.position)) return;
  const LearnerView view{.begin = image_.begin(), .learned = image_.learned(action.position)};
  switch (holdfast::on_learned(view, action)) {
    case LearnStep::kDrop:
      ports_.tracer.reach(Point::kLearnedLate);
      return;
    case LearnStep::kKnown:
      ports_.tracer.reach(Point::kLearnedTwice);
      return;
    case LearnStep::kStore:
      learn(action);
      commits_.stage_lazily(action);
      return;
    case LearnStep::kStoreBegin:
      stage_begin(action);
      return;
  }
}

void Replica::on_chosen(const ChosenUpto& chosen) {
  peers_.raise_chosen(chosen);
  for (const Position position : image_.accepted_at(chosen.ballot, chosen.upto)) {
    Action action = *image_.find(position);
    action.learned = true;
    ports_.tracer.reach(Point::kLearnedByMark);
    on_learned(action);
  }
}

void Replica::on_truncated(const Begin& begin) {
  if (image_.metadata().status == Status::kEmpty) return;
  const auto tombstone = tombstone_for(begin, image_.begin());
  if (!tombstone) return;
  if (begin_pending_ && *begin_pending_ >= begin.position) return;
  ports_.tracer.reach(Point::kFetchTombstone);
  stage_begin(*tombstone);
}

void Replica::learn(const Action& action) {
  image_.learn(action);
  record_learned(action);
  listener_.on_learned(action);
  progress_.notify_all();
}

void Replica::record_learned(const Action& action) {
  ports_.tracer.record(EventKind::kLearned,
                       {action.position.value,
                        event_flags(*action.value, true),
                        action.value->digest(),
                        action.value->to.value});
}

// A TRUNCATE is learned at its own position at once; a tombstone is known only once begin moved
// past it.  Both move begin when they are durable, not before.
void Replica::stage_begin(const Action& record) {
  const Position begin = *begin_from(record);
  const bool tombstone = record.value->tombstone;
  if (!begin_pending_ || *begin_pending_ < begin) begin_pending_ = begin;
  if (tombstone) {
    image_.raise_end(record.position);
    if (record.position == image_.voting_end()) ports_.tracer.reach(Point::kBeginPastEnd);
  } else {
    learn(record);
  }
  commits_.stage(record);
  const Begin moved{.position = begin,
                    .made_at = tombstone ? record.value->begin_at : record.position};
  commits_.when_durable([this, moved, stored = record] {
    if (begin_pending_ && *begin_pending_ <= moved.position) begin_pending_.reset();
    if (moved.position <= image_.begin().position) return;
    if (stored.value->tombstone) {
      ports_.tracer.reach(Point::kTombstoneStored);
      record_learned(stored);
    } else {
      ports_.tracer.reach(Point::kTruncateLearned);
    }
    begin_is_durable(moved);
  });
}

void Replica::begin_is_durable(const Begin& begin) {
  image_.move_begin(begin);
  ports_.tracer.record(EventKind::kBegin, {begin.position.value, word(begin.made_at)});
  erase_bound_ = std::max(erase_bound_, garbage_bound(begin));
  erase_pending_ = true;
  erase_wanted_.notify_all();
  progress_.notify_all();
}

// --- the disk

void Replica::erase_truncated() {
  struct Job {
    std::size_t erased = 0;
    std::optional<StoreError> error;
    bool done = false;
  };

  while (true) {
    while (!erase_pending_) {
      scheduler_.rest("nothing to erase");
      erase_wanted_.wait();
    }
    erase_pending_ = false;
    auto job = std::make_shared<Job>();
    ports_.disk.submit(
        Lane::kBulk,
        [job, store = store_, bound = erase_bound_, max = options_.erase_records_max] {
          const auto erased = store->erase_below(bound, max);
          if (erased) {
            job->erased = *erased;
          } else {
            job->error = erased.error();
          }
        },
        [this, job] {
          job->done = true;
          erase_wanted_.notify_all();
          if (job->error) listener_.on_store_failed(*job->error);
        });
    erase_wanted_.await([&] { return job->done; });
    if (job->error) return;
    if (job->erased == options_.erase_records_max) {
      ports_.tracer.reach(Point::kEraseSlices);
      erase_pending_ = true;
    }
  }
}

std::vector<Action> Replica::read_store(Position from, Position to, std::size_t bytes_max) {
  struct Job {
    explicit Job(Scheduler& scheduler) : ended(scheduler) {}

    std::vector<Action> actions;
    std::optional<StoreError> error;
    bool done = false;
    Event ended;
  };

  auto job = std::make_shared<Job>(scheduler_);
  ports_.disk.submit(
      Lane::kBulk,
      [job, store = store_, from, to, bytes_max] {
        auto read = store->read(from, to, bytes_max);
        if (read) {
          job->actions = std::move(*read);
        } else {
          job->error = read.error();
        }
      },
      [this, job] {
        job->done = true;
        job->ended.notify_all();
        if (job->error) listener_.on_store_failed(*job->error);
      });
  // After an error the node stops, which cancels this fiber.
  job->ended.await([&] { return job->done && !job->error; });
  return std::move(job->actions);
}

Replica::LearnedRange Replica::read_learned(Position from, Position to, std::size_t bytes_max) {
  LearnedRange range{.actions = {}, .upto = to};
  // Taken before the disk is asked: a record that reaches the disk while the question waits there
  // may leave memory meanwhile.
  std::vector<Action> memory = image_.in_memory(from, to);
  std::erase_if(memory, [](const Action& action) { return !action.learned; });
  std::vector<Action> stored;
  if (image_.learned_on_disk(from, to)) stored = read_store(from, to, bytes_max);

  std::size_t bytes = 0;
  auto disk = stored.begin();
  auto fresh = memory.begin();
  // Beyond its last record a read that was cut short says nothing.
  std::size_t stored_bytes = 0;
  for (const Action& action : stored)
    stored_bytes += action.value ? action.value->size() : 0;
  const bool cut = stored_bytes >= bytes_max && !stored.empty();
  const Position disk_upto = cut ? stored.back().position : to;
  while (disk != stored.end() || fresh != memory.end()) {
    const bool from_memory =
        disk == stored.end() || (fresh != memory.end() && fresh->position <= disk->position);
    const Action& action = from_memory ? *fresh : *disk;
    if (action.position > disk_upto) break;
    if (bytes >= bytes_max) {
      range.upto = action.position.previous();
      return range;
    }
    if (from_memory && disk != stored.end() && disk->position == fresh->position) ++disk;
    if (action.learned) {
      bytes += action.value->size();
      range.actions.push_back(action);
    }
    from_memory ? ++fresh : ++disk;
  }
  range.upto = disk_upto;
  return range;
}

void Replica::with_record(Position p, std::function<void(std::optional<Action>)> serve) {
  if (reads_in_flight_ >= options_.reads_in_flight_max) return;
  ++reads_in_flight_;
  scheduler_.spawn([this, p, serve = std::move(serve)] {
    LearnedRange range = read_learned(p, p, 1);
    --reads_in_flight_;
    // A begin that is on its way now would move before the answer could leave (docs/bugs.md, 4).
    if (about_to_truncate(p)) return;
    // Truncated while the disk was asked: the rules answer from begin, which has moved.
    const bool truncated = p < image_.begin().position;
    HOLDFAST_CHECK(truncated || range.actions.size() == 1, p);
    serve(truncated ? std::nullopt : std::optional(std::move(range.actions.front())));
  });
}

bool Replica::make_room(Instant deadline) {
  while (commits_.crowded()) {
    if (!commits_.wait_until(commits_.last_staged(), deadline)) return false;
  }
  return true;
}

void Replica::reserve_rounds(std::uint64_t round) {
  if (round > image_.metadata().rounds_reserved) {
    image_.metadata().rounds_reserved = round - 1 + options_.rounds_per_reservation;
    commits_.stage(image_.metadata());
    rounds_staged_in_ = commits_.last_staged();
  }
  commits_.wait(rounds_staged_in_);
}

// --- statuses

// What is known of the others goes with every answer from now on: the first vote of this status may
// leave before the fiber that waits here runs again.
void Replica::enter(Status status) {
  image_.metadata().status = status;
  commits_.stage(image_.metadata());
  record_known();
  peers_.set_known(image_.metadata().known);
  commits_.wait(commits_.last_staged());
  peers_.set_incarnation(image_.metadata().incarnation);
  ports_.tracer.record(EventKind::kStatus,
                       {static_cast<std::uint64_t>(status),
                        image_.metadata().incarnation.value,
                        image_.metadata().promised.value});
  progress_.notify_all();
}

void Replica::become_starting() {
  HOLDFAST_REQUIRE(image_.metadata().status == Status::kEmpty);
  enter(Status::kStarting);
}

void Replica::become_voting() {
  const Status before = image_.metadata().status;
  HOLDFAST_REQUIRE(before == Status::kEmpty || before == Status::kStarting);
  enter(Status::kVoting);
}

void Replica::become_recovering(Incarnation incarnation) {
  Metadata& metadata = image_.metadata();
  HOLDFAST_REQUIRE(incarnation >= metadata.incarnation, incarnation, metadata.incarnation);
  metadata.incarnation = incarnation;
  enter(Status::kRecovering);
}

void Replica::renumber(Incarnation incarnation) {
  Metadata& metadata = image_.metadata();
  HOLDFAST_REQUIRE(metadata.status == Status::kVoting && incarnation > metadata.incarnation);
  metadata.incarnation = incarnation;
  metadata.known.raise_voted(options_.self, incarnation);
  enter(Status::kVoting);
}

void Replica::become_voting_again(Ballot floor, const Incarnations& known) {
  Metadata& metadata = image_.metadata();
  HOLDFAST_REQUIRE(metadata.status == Status::kRecovering);
  metadata.promised = std::max(metadata.promised, floor);
  // The registered answers carried what this disk had settled, or more: docs/PROTOCOL.md, 9.7.
  metadata.settled = std::max(metadata.settled, peers_.chosen());
  for (const Incarnations::Entry& entry : known.list())
    metadata.known.raise(entry);
  enter(Status::kVoting);
}

}  // namespace holdfast
