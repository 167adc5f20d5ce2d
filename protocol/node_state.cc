// What a member's future depends on, part by part, for whoever compares states (the model checker).
// Left out is what is only ever shown (reports), what is derived from what is here, and counters of
// which only differences matter.

#include <algorithm>
#include <utility>

#include "protocol/codec/codec.h"
#include "protocol/node.h"
#include "protocol/state_names.h"

namespace holdfast {

// --- what is there besides fibers

void LogImage::add_state(StateHash& hash) const {
  add_to(hash, metadata_);
  add_to(hash, begin_);
  hash.add(end_);
  hash.add(learned_.intervals());
  for (const Interval& run : learned_.list()) {
    hash.add(run.first);
    hash.add(run.last);
  }
  hash.add(entries_.size());
  for (auto at = entries_.first_from({}); at; at = entries_.first_from(at->next())) {
    const Entry& entry = *entries_.find(*at);
    add_to(hash, entry.action);
    hash.add(std::uint64_t{entry.durable});
  }
  for (const Position p : cached_)
    hash.add(p);
}

void CommitQueue::add_state(StateHash& hash) const {
  hash.add(std::uint64_t{metadata_.has_value()});
  if (metadata_) add_to(hash, *metadata_);
  hash.add(records_.size());
  for (const Action& record : records_)
    add_to(hash, record);
  hash.add(lazy_positions_);
  hash.add(lazy_bytes_);
  hash.add(std::uint64_t{wanted_} << 2 | std::uint64_t{in_flight_} << 1 | std::uint64_t{dead_});
  hash.add(next_ - durable_);
  hash.add(held_.size());
  for (const Held& held : held_) {
    hash.add(held.sequence - durable_);
    hash.add(held.name);
  }
  if (!job_) return;
  if (job_->batch.metadata) add_to(hash, *job_->batch.metadata);
  for (const Action& record : job_->batch.actions)
    add_to(hash, record);
}

void Replica::add_state(StateHash& hash) const {
  image_.add_state(hash);
  commits_.add_state(hash);
  hash.add(begin_pending_);
  hash.add(reads_in_flight_);
  hash.add(rounds_staged_in_ - std::min(rounds_staged_in_, commits_.durable()));
  hash.add(erase_bound_);
  hash.add(std::uint64_t{erase_pending_});
}

void Peers::add_state(StateHash& hash) const {
  hash.add(boot_);
  hash.add(incarnation_);
  add_to(hash, known_);
  add_to(hash, seen_);
  add_to(hash, spoken_);
  add_to(hash, chosen_);
}

void Requests::add_state(StateHash& hash) const {
  hash.add(last_);
  for (const auto& [id, open] : open_)
    hash.add(id);
}

void Ballots::add_state(StateHash& hash) const {
  hash.add(round_);
}

void CatchUp::add_state(StateHash& hash) const {
  hash.add(answer_time_);
  hash.add(answer_bytes_);
}

void Coordinator::add_state(StateHash& hash) const {
  hash.add(state_);
  hash.add(term_);
  hash.add(ballot_);
  hash.add(std::uint64_t{superseded_} << 2 | std::uint64_t{asked_} << 1 | std::uint64_t{promised_});
  if (electing()) hash.add(deadline_);
  hash.add(abandoned_);
  hash.add(stepped_down_for_);
  hash.add(std::uint64_t{retiring_});
  if (state_ != State::kElected) return;
  hash.add(request_);
  hash.add(acknowledged_);
  hash.add(last_broadcast_);
  hash.add(waited_);
  const auto add_votes = [&](const std::bitset<256>& votes) {
    for (const NodeId id : w_.options.membership.at(acknowledged_).members)
      hash.add(std::uint64_t{votes[id.value]});
  };
  for (const Slot& slot : window_) {
    hash.add(slot.position);
    add_votes(slot.votes);
    add_votes(slot.ignored);
    hash.add(std::uint64_t{slot.chosen});
    hash.add(slot.deadline);
    hash.add(slot.resend_at);
    hash.add(slot.resend);
    add_to(hash, slot.pending->value);
  }
  hash.add(queue_.size());
  for (const auto& pending : queue_)
    add_to(hash, pending->value);
}

// What is acknowledged has left the window for good.
bool Coordinator::deaf_to(RequestId request, const WriteReply& reply) const {
  return elected() && request == request_ && reply.last() <= acknowledged_;
}

void Elector::add_state(StateHash& hash) const {
  if (!on()) return;
  hash.add(believed_.node);
  hash.add(believed_.ballot);
  hash.add(silent_);
  hash.add(favourite_);
  hash.add(favoured_for_);
  hash.add(told_by_);
  hash.add(over_);
  hash.add(std::uint64_t{disk_lags_} << 2 | std::uint64_t{handing_over_} << 1 |
           std::uint64_t{disconnected_});
  hash.add(beaten_);
  hash.add(std::uint64_t{handed_over_});
  hash.add(staged_ - std::min(staged_, w_.replica.durable()));
  for (const NodeId id : configuration().members) {
    hash.add(hearings_[id.value].missed);
    hash.add(hearings_[id.value].ready);
  }
}

void Recovery::add_state(StateHash& hash) const {
  hash.add(current_);
  hash.add(std::uint64_t{announced_});
  hash.add(next_);
  hash.add(std::uint64_t{outnumbered_times_});
}

// --- the member

void Node::add_surroundings(StateHash& hash) const {
  hash.add(state_);
  hash.add(ports_.clock.now());
  if (outside_) outside_(hash);
  if (state_ != State::kReady) return;
  hash.add(std::uint64_t{failure_.has_value()});
  hash.add(reported_term_);
  hash.add(own_answers_.size());
  for (const auto& [request, reply] : own_answers_) {
    hash.add(request);
    add_to(hash, reply);
  }
  replica_.add_state(hash);
  peers_.add_state(hash);
  requests_.add_state(hash);
  ballots_.add_state(hash);
  catchup_.add_state(hash);
  coordinator_.add_state(hash);
  elector_.add_state(hash);
  recovery_.add_state(hash);
}

void Node::watch_states(std::function<void(StateHash&)> outside) {
  HOLDFAST_REQUIRE(state_ == State::kOpening);
  outside_ = std::move(outside);
  scheduler_.watch(*this);
}

void Node::begin_watched_step(const StateName& input) {
  scheduler_.begin_step(input);
}

StateName Node::state_name() const {
  HOLDFAST_REQUIRE(scheduler_.watched());
  StateHash hash;
  add_surroundings(hash);
  if (state_ == State::kReady) scheduler_.add_state(hash);
  return hash.name();
}

// --- what a frame can still do

// Asked of frames that are in flight.  Answers are sent to one life and one request, and neither
// comes again; what is learned stays so, and pairs and numbers that were heard of only rise: unless
// a restart forgets what the disk does not have.
bool Node::deaf_to(const Frame& frame, Losses losses) const {
  const auto decoded = Codec().decode(*frame);
  if (!decoded) return true;
  const Envelope& envelope = *decoded;
  if (envelope.echo != BootNonce{} && envelope.echo != peers_.boot()) return true;
  if (!is_ready() || options_.elections == Elections::kByElector) return false;
  if (replica_.staged() != replica_.durable()) return false;
  const Metadata& metadata = replica_.image().metadata();
  if (metadata.status != Status::kVoting) return false;
  const bool may_forget = losses != Losses::kNone;

  const Incarnations& numbers = may_forget ? metadata.known : peers_.seen();
  for (const Incarnations::Entry& entry : envelope.known.list()) {
    if (numbers.of(entry.member) < entry.registered || numbers.voted(entry.member) < entry.voted) {
      return false;
    }
  }
  const ChosenUpto& pair = envelope.chosen;
  const ChosenUpto& known = may_forget ? metadata.settled : peers_.chosen();
  if (pair.ballot != Ballot{}) {
    // An older one may name votes that are still on their way here, unless there can be none.
    const bool same = pair.ballot == known.ballot && pair.upto <= known.upto;
    const bool past = pair < known && replica_.knows_all_to(pair.upto, losses) &&
                      pair.ballot <= metadata.promised;
    if (!same && !past) return false;
  }

  if (envelope.echo != BootNonce{}) {
    // Once its sender has a successor, a late answer makes this member tell that one.
    if (losses == Losses::kDisks) return false;
    const auto* votes = std::get_if<WriteReply>(&envelope.body);
    return !requests_.is_open(envelope.request) ||
           (votes != nullptr && coordinator_.deaf_to(envelope.request, *votes));
  }
  if (const auto* learned = std::get_if<Learned>(&envelope.body)) {
    return replica_.knows(learned->action.position, losses);
  }
  return std::holds_alternative<ChosenNotice>(envelope.body);
}

bool Replica::knows(Position p, Losses losses) const {
  if (p < image_.begin().position) return true;
  return image_.learned(p) && (losses == Losses::kNone || image_.is_durable(p));
}

bool Replica::knows_all_to(Position p, Losses losses) const {
  for (Position each = image_.begin().position; each <= p; each = each.next())
    if (!knows(each, losses)) return false;
  return true;
}

bool LogImage::is_durable(Position p) const {
  const Entry* const entry = entries_.find(p);
  return entry == nullptr ? learned(p) : entry->durable;
}

}  // namespace holdfast
