#include "protocol/catchup.h"

#include <algorithm>
#include <utility>

#include "protocol/events.h"
#include "protocol/fiber/scope.h"
#include "protocol/fiber/stack_note.h"

namespace holdfast {
namespace {

// Answers of more than this part of what one may carry are too many bytes to be sent by everybody.
constexpr std::size_t kHeavyShare = 8;

std::size_t size_of(const FetchReply& reply) {
  std::size_t bytes = 0;
  for (const Action& action : reply.actions)
    bytes += action.value ? action.value->size() : 0;
  return bytes;
}

}  // namespace

CatchUp::CatchUp(Proposer::Wiring wiring, Proposer& proposer)
    : w_(wiring),
      proposer_(proposer),
      answer_time_(wiring.options.resend_min),
      chosen_rose_(wiring.scheduler) {}

bool CatchUp::complete(Position to, Means means, const Patience& patience) {
  const Instant deadline = patience.deadline;
  const LogImage& image = w_.replica.image();
  const Position from = image.first_missing(Position{});
  if (from > to && !w_.replica.begin_pending()) return true;
  w_.ports.tracer.record(EventKind::kCatchingUp, {from.value, to.value});
  const StackNote note(w_.scheduler, "complete", [&](StateHash& hash) {
    hash.add(from);
    hash.add(to);
    hash.add(means);
    hash.add(deadline);
  });
  while (true) {
    if (!await_begin(deadline)) return false;
    const auto gaps = image.missing(Position{}, to, w_.options.fetches_in_flight);
    if (gaps.empty()) break;
    if (patience.over(w_.scheduler.now())) return false;
    if (w_.options.mesos_compat.d8) {
      if (means == Means::kFetch) return false;
      fill_lowest(gaps.front().first, patience);
      continue;
    }
    const Fetched fetched = fetch_round(gaps, means);
    if (fetched == Fetched::kLearned) {
      if (!w_.replica.make_room(deadline)) return false;
      const NotedWait wait(w_.scheduler, "to ask on");
      w_.scheduler.sleep_for(w_.options.fetch_pause);
      continue;
    }
    if (means == Means::kFetch) return false;
    // Whoever has no time for a question has none for many ballots either.
    fill_round(to, patience, fetched == Fetched::kSilence ? 1 : w_.options.fills_in_flight);
  }
  w_.ports.tracer.record(EventKind::kCaughtUp, {from.value, to.value});
  return true;
}

bool CatchUp::await_begin(Instant deadline) {
  const NotedWait wait(w_.scheduler, "for a begin");
  return w_.replica.progress().await_until(deadline,
                                           [this] { return !w_.replica.begin_pending(); });
}

CatchUp::Fetched CatchUp::fetch_round(const std::vector<Interval>& gaps, Means means) {
  bool learned = false;
  bool silence = false;
  const StackNote note(w_.scheduler, "fetch round", [&](StateHash& hash) {
    hash.add(std::uint64_t{learned} << 1 | std::uint64_t{silence});
  });
  Scope scope(w_.scheduler);
  std::size_t questions = 0;
  for (const Interval& gap : gaps) {
    // One long gap is asked for in several ranges at a time as well.
    for (Position first = gap.first; first <= gap.last;) {
      if (questions++ >= w_.options.fetches_in_flight) break;
      const Position last = std::min(gap.last, first + (w_.options.fetch_positions_max - 1));
      scope.spawn([this, &learned, &silence, means, range = Interval{first, last}] {
        // Not one expression: the fiber waits inside.
        const Fetched fetched = fetch_range(range, means);
        learned = learned || fetched == Fetched::kLearned;
        silence = silence || fetched == Fetched::kSilence;
      });
      first = last.next();
    }
  }
  const NotedWait wait(w_.scheduler, "for answers");
  scope.join();
  if (learned) return Fetched::kLearned;
  return silence ? Fetched::kSilence : Fetched::kNothing;
}

CatchUp::Fetched CatchUp::fetch_range(Interval range, Means means) {
  const FetchRequest request{range.first, range.last};
  const auto& configuration = w_.options.membership.at(range.first);
  const std::size_t others = configuration.members.size() - 1;
  if (others == 0) return Fetched::kNothing;
  bool progressed = false;
  bool enough = false;
  std::size_t answers = 0;
  const Instant asked = w_.scheduler.now();
  Instant answered = asked;
  const auto add_frame = [&](StateHash& hash) {
    hash.add(range.first);
    hash.add(range.last);
    hash.add(means);
    hash.add(std::uint64_t{progressed} << 1 | std::uint64_t{enough});
    hash.add(answers);
    hash.add(asked);
    hash.add(answered);
  };
  const auto sink = [&](FetchReply& reply) {
    ++answers;
    answered = w_.scheduler.now();
    if (!reply.actions.empty()) answer_bytes_ = size_of(reply);
    const bool learned = apply(request, reply);
    progressed = progressed || learned;
    return w_.replica.image().missing(range.first, range.last, 1).empty();
  };
  // What is much to send is asked of one member first: everybody's answer would be the same bytes.
  const bool is_long = range.last.value - range.first.value > 2 * w_.options.window;
  const bool is_heavy = answer_bytes_ > w_.options.fetch_bytes_max / kHeavyShare;
  if (is_long || is_heavy) {
    std::uint64_t pick = w_.ports.random.below(RandomStream::kPeerChoice, others);
    NodeId chosen;
    for (const NodeId id : configuration.members) {
      if (id == w_.options.self) continue;
      if (pick-- == 0) {
        chosen = id;
        break;
      }
    }
    const StackNote note(w_.scheduler, "one", [&](StateHash& hash) {
      add_frame(hash);
      hash.add(chosen);
    });
    proposer_.fetch(
        request, asked + answer_time_, [chosen](NodeId id) { return id == chosen; }, sink);
    if (progressed) return Fetched::kLearned;
    answers = 0;
  }
  const StackNote note(w_.scheduler, "all", add_frame);
  proposer_.fetch(
      request,
      w_.scheduler.now() + answer_time_,
      [](NodeId) { return true; },
      [&](FetchReply& reply) {
        const bool complete = sink(reply);
        // What a quorum does not know is cheaper decided than waited for; a long range is not.
        // Who may not decide waits for everybody: the one that knows may be the slowest, always.
        const bool decide = means == Means::kFetchFill && !is_long;
        enough = complete || (decide && answers + 1 >= configuration.quorum());
        return enough;
      });
  // Who has nothing answers at once, and tells nothing of how long others take that have something.
  const bool silence = !progressed && !enough && answers < others;
  note_answer_time(silence ? std::nullopt : std::optional(answered - asked));
  if (progressed) return Fetched::kLearned;
  return silence ? Fetched::kSilence : Fetched::kNothing;
}

// A question that is closed before its answer can come is asked for nothing, and so is the next:
// where the setting is shorter than a disk takes under load, the load is all there is
// (docs/bugs.md, 5).  Several that recover queue up at the same disks, so it may have to wait far
// longer than a message takes (docs/bugs.md, 11 and 12).
void CatchUp::note_answer_time(std::optional<Duration> last_answer) {
  const Duration wanted = (last_answer ? *last_answer : answer_time_) * 2;
  const Duration longest = std::max(w_.options.resend_max, w_.options.recovery_deadline);
  answer_time_ = std::clamp(wanted, w_.options.resend_min, longest);
  if (!last_answer) w_.ports.tracer.reach(Point::kFetchUnanswered);
}

bool CatchUp::apply(const FetchRequest& request, FetchReply& reply) {
  Replica& replica = w_.replica;
  if (reply.begin.position > replica.image().begin().position &&
      reply.begin.position > request.from) {
    replica.on_truncated(reply.begin);
    return true;
  }
  bool learned = false;
  for (const Action& action : reply.actions) {
    const bool inside = action.position >= request.from && action.position <= request.to;
    if (!inside || !replica.image().missing(action.position)) continue;
    replica.on_learned(action);
    learned = true;
  }
  if (learned) w_.ports.tracer.reach(Point::kFetchLearns);
  return learned;
}

void CatchUp::fill_round(Position to, const Patience& patience, std::size_t fills_max) {
  const StackNote note(w_.scheduler, "fill round", [](StateHash&) {});
  Scope scope(w_.scheduler);
  std::size_t fills = 0;
  for (const Interval& gap : w_.replica.image().missing(Position{}, to, fills_max)) {
    for (Position p = gap.first; p <= gap.last; p = p.next()) {
      if (fills++ >= fills_max) break;
      scope.spawn([this, p, patience] { proposer_.fill(p, patience); });
    }
  }
  const NotedWait wait(w_.scheduler, "for ballots");
  scope.join();
}

// D8 switched back.  Mesos begins a position anew when it takes too long, since it sends nothing
// twice; here messages are sent again, and this only keeps its pace.
void CatchUp::fill_lowest(Position position, const Patience& patience) {
  constexpr Duration kMesosTimeout = Duration::seconds(10);
  const Instant deadline = std::min(patience.deadline, w_.scheduler.now() + kMesosTimeout);
  const StackNote note(w_.scheduler, "fill lowest", [](StateHash&) {});
  proposer_.fill(position, {deadline, patience.given_up});
}

void CatchUp::follow() {
  if (w_.options.mesos_compat.d8) return;
  const LogImage& image = w_.replica.image();
  while (true) {
    const ChosenUpto& chosen = w_.peers.chosen();
    const bool behind = chosen.ballot != Ballot{} && image.metadata().status != Status::kEmpty &&
                        image.first_missing(Position{}) <= chosen.upto;
    if (!behind) {
      w_.scheduler.rest("caught up");
      chosen_rose_.wait();
      continue;
    }
    // What is missing is usually on its way.
    w_.scheduler.rest("behind");
    w_.scheduler.sleep_for(w_.options.fetch_delay);
    const Instant deadline = w_.scheduler.now() + w_.options.election_deadline;
    if (complete(w_.peers.chosen().upto, Means::kFetch, {deadline, nullptr})) continue;
    const Duration backoff = w_.options.backoff;
    const NotedWait wait(w_.scheduler, "follows later");
    w_.scheduler.sleep_for(w_.ports.random.between(RandomStream::kBackoff, backoff, backoff * 2));
  }
}

}  // namespace holdfast
