#include "scenarios/application.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "protocol/env/hash.h"

#include "protocol/events.h"
#include "protocol/fiber/scope.h"

#include "scenarios/client_events.h"
#include "scenarios/stranger.h"

namespace holdfast::scenarios {

void Notebook::note(const IdempotencyKey& key, const Payload& bytes, Outcome outcome) {
  const auto it = std::find_if(
      attempts_.begin(), attempts_.end(), [&](const Attempt& each) { return each.key == key; });
  if (it != attempts_.end()) {
    it->outcome = outcome;
    return;
  }
  attempts_.push_back({.key = key, .bytes = bytes, .outcome = outcome});
  if (attempts_.size() > kAttemptsMax) attempts_.pop_front();
}

void Notebook::acknowledged(Position p) {
  if (!last_acknowledged_ || *last_acknowledged_ < p) last_acknowledged_ = p;
}

std::optional<Notebook::Attempt> Notebook::pick(std::uint64_t draw) const {
  if (attempts_.empty()) return std::nullopt;
  const std::size_t start = mix(draw, 1) % attempts_.size();
  if (mix(draw, 2) % 4 != 0) {
    for (std::size_t i = 0; i < attempts_.size(); ++i) {
      const Attempt& each = attempts_[(start + i) % attempts_.size()];
      if (each.outcome == Outcome::kUnknown) return each;
    }
  }
  return attempts_[start];
}

Application::Application(Node& node, Ports ports, Notebook& notebook, const Settings& settings)
    : node_(node),
      ports_(ports),
      notebook_(notebook),
      settings_(settings),
      writer_(node.log().writer()),
      reader_(node.log().reader()) {}

void Application::spawn(std::function<void()> body) {
  // Also when a cancelled fiber unwinds.
  auto counted = std::shared_ptr<void>(nullptr, [this](void*) { --running_; });
  ++running_;
  node_.scheduler().spawn([counted = std::move(counted), body = std::move(body)] { body(); });
}

void Application::perform(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kElect:
      spawn([this] { elect(); });
      return;
    case OperationKind::kAppend:
      spawn([this, count = operation.arg] { append_burst(count); });
      return;
    case OperationKind::kTruncate:
      spawn([this, keep = operation.arg] { truncate(keep); });
      return;
    case OperationKind::kRead:
      spawn([this, count = operation.arg] { read_last(count); });
      return;
    case OperationKind::kCatchUp:
      spawn([this] {
        if (const auto end = catch_up()) read_to(*end);
      });
      return;
    case OperationKind::kRetry:
      spawn([this, count = operation.arg] { retry(count); });
      return;
    case OperationKind::kBarrier:
      spawn([this] { read_barrier(); });
      return;
    case OperationKind::kAwait:
      spawn([this] { read_acknowledged(); });
      return;
    case OperationKind::kCopy:
      spawn([this] { copy(); });
      return;
    case OperationKind::kOversize:
      spawn([this, excess = operation.arg] { append_oversize(excess); });
      return;
    case OperationKind::kStranger:
      spawn([this, draw = operation.arg] { knock(draw); });
      return;
  }
  HOLDFAST_UNREACHABLE("operation kind");
}

bool Application::elect() {
  const std::uint64_t op = notebook_.ids().next();
  ports_.tracer.record(EventKind::kElectCalled, {op});
  const ElectResult result = writer_.start();
  if (result.failure != Failure::kBusy) has_writer_ = result.ok();
  ports_.tracer.record(EventKind::kElectReturned,
                       {op, word(result.ok() ? Outcome::kOk : Outcome::kFailed), result.end.value});
  return result.ok();
}

// Runs for coordinator if that is the application's to decide.
bool Application::get_writer() {
  if (node_.options().elections == Elections::kByApplication) return has_writer_ || elect();
  if (!node_.coordinating()) return false;
  writer_ = node_.log().current_writer();
  return true;
}

// At least `length` bytes, unless that is more than an entry may have.
Payload Application::make_entry(std::uint64_t op, std::uint64_t draw, std::size_t length) const {
  auto bytes = std::make_shared<std::string>("op" + std::to_string(op) + " ");
  while (bytes->size() < length) {
    const std::uint64_t word = mix(draw, bytes->size());
    bytes->append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  if (bytes->size() > settings_.entry_bytes_max) bytes->resize(settings_.entry_bytes_max);
  return bytes;
}

WriteResult Application::append_one() {
  const std::uint64_t op = notebook_.ids().next();
  const std::uint64_t draw = ports_.random.draw(RandomStream::kWorkload);
  // Short entries are many, long ones few: most of a long one's cost is LevelDB's checksum.
  return append_entry(op, make_entry(op, draw, settings_.entry_bytes_max >> (draw % 8)));
}

void Application::append_sized(std::size_t bytes) {
  HOLDFAST_REQUIRE(bytes <= settings_.entry_bytes_max, bytes);
  spawn([this, bytes] {
    const std::uint64_t op = notebook_.ids().next();
    std::string entry = *make_entry(op, op, bytes);
    entry.resize(bytes);
    append_entry(op, std::make_shared<const std::string>(std::move(entry)));
  });
}

WriteResult Application::append_entry(std::uint64_t op, Payload bytes) {
  return append_keyed(op, {.client = node_.options().self.value, .sequence = op}, std::move(bytes));
}

WriteResult Application::append_keyed(std::uint64_t op, IdempotencyKey key, Payload bytes) {
  ports_.tracer.record(EventKind::kAppendCalled,
                       {op, Value::append(bytes, key).digest(), key.client, key.sequence});
  notebook_.note(key, bytes, Outcome::kUnknown);
  const WriteResult result = writer_.append(bytes, key);
  notebook_.note(key, bytes, result.outcome);
  if (result.ok()) notebook_.acknowledged(result.position);
  ports_.tracer.record(EventKind::kAppendReturned,
                       {op, word(result.outcome), result.position.value});
  note_outcome(result);
  return result;
}

// A write that was refused for what it asks says nothing of the election.
void Application::note_outcome(const WriteResult& result) {
  if (result.failure == Failure::kTooLarge || result.failure == Failure::kBadTruncate) return;
  const bool lost = settings_.careless ? result.failure == Failure::kNotElected : !result.ok();
  if (lost) has_writer_ = false;
}

void Application::retry(std::uint32_t count) {
  if (!has_writer_ && !elect()) return;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto attempt = notebook_.pick(ports_.random.draw(RandomStream::kWorkload));
    if (!attempt) return;
    spawn([this, attempt = *attempt] {
      const std::uint64_t op = notebook_.ids().next();
      append_keyed(op, attempt.key, attempt.bytes);
    });
  }
}

void Application::append_burst(std::uint32_t count) {
  if (!get_writer()) return;
  for (std::uint32_t i = 0; i < count; ++i) {
    spawn([this] { append_one(); });
  }
}

void Application::truncate(std::uint32_t keep) {
  if (!get_writer()) return;
  const auto end = reader_.ending();
  const Position begin = reader_.beginning();
  if (!end) return;
  // Now and then more than may be forgotten: that must be refused.
  const Position to =
      std::max(begin, Position{end->value + 2 - std::min<std::uint64_t>(keep, end->value)});
  const std::uint64_t op = notebook_.ids().next();
  ports_.tracer.record(EventKind::kTruncateCalled, {op, to.value});
  const WriteResult result = writer_.truncate(to);
  ports_.tracer.record(EventKind::kTruncateReturned,
                       {op, word(result.outcome), result.position.value});
  note_outcome(result);
}

void Application::read_last(std::uint32_t count) {
  const auto end = reader_.ending();
  if (!end) return;
  // All of it, or a tail that may reach below the beginning: that must be refused.
  const std::uint64_t length = count == 0 ? ~std::uint64_t{0} : count;
  const Position from =
      length <= end->value ? Position{end->value + 1 - length} : reader_.beginning();
  // Now and then past the end, which must be refused as well.
  const Position to = count % 8 == 7 ? end->next() : *end;
  if (from <= to) read_range(from, to);
}

std::optional<ReadError> Application::read_range(Position from, Position to) {
  const auto entries = recorded_read(ports_.tracer, notebook_.ids().next(), reader_, from, to);
  return entries ? std::nullopt : std::optional(entries.error());
}

void Application::read_to(Position end) {
  if (reader_.beginning() <= end) read_range(reader_.beginning(), end);
}

std::optional<Position> Application::catch_up() {
  const std::uint64_t op = notebook_.ids().next();
  ports_.tracer.record(EventKind::kCatchupCalled, {op});
  const auto end = reader_.catchup(settings_.patience);
  if (!end) record_refusal(ports_.tracer, op, end.error());
  const bool ok = end && *end;
  ports_.tracer.record(EventKind::kCatchupReturned,
                       {op, word(ok ? Outcome::kOk : Outcome::kFailed), ok ? (*end)->value : 0});
  return ok ? *end : std::nullopt;
}

void Application::read_barrier() {
  const std::uint64_t op = notebook_.ids().next();
  ports_.tracer.record(EventKind::kBarrierCalled, {op});
  const auto end = reader_.barrier(settings_.patience);
  if (!end) record_refusal(ports_.tracer, op, end.error());
  ports_.tracer.record(
      EventKind::kBarrierReturned,
      {op, word(end ? Outcome::kOk : Outcome::kFailed), end && *end ? (*end)->value : kNoPosition});
  if (end && *end) read_to(**end);
}

void Application::read_acknowledged() {
  const auto token = notebook_.last_acknowledged();
  if (!token) return;
  const std::uint64_t op = notebook_.ids().next();
  ports_.tracer.record(EventKind::kAwaitCalled, {op, token->value});
  const auto waited = reader_.await(*token, settings_.patience);
  if (!waited) record_refusal(ports_.tracer, op, waited.error());
  ports_.tracer.record(EventKind::kAwaitReturned,
                       {op, word(waited ? Outcome::kOk : Outcome::kFailed), token->value});
  if (waited && reader_.beginning() <= *token) read_range(*token, *token);
}

// What Log::Reader::copy does, with each of its steps recorded.
void Application::copy() {
  const Instant deadline = node_.scheduler().now() + settings_.patience;
  while (node_.scheduler().now() < deadline) {
    const auto end = catch_up();
    if (!end || reader_.beginning() > *end) return;
    const auto error = read_range(reader_.beginning(), *end);
    if (!error || error->kind != ReadError::Kind::kTruncated) return;
    ports_.tracer.reach(Point::kCopyRetried);
  }
}

void Application::append_oversize(std::uint32_t excess) {
  if (!get_writer()) return;
  const std::size_t bytes = node_.options().entry_bytes_max + std::max<std::size_t>(excess, 1);
  const std::uint64_t op = notebook_.ids().next();
  const WriteResult result = append_entry(op, std::make_shared<const std::string>(bytes, 'x'));
  HOLDFAST_CHECK(!result.ok(), std::to_string(bytes) + " bytes were accepted");
}

// The network does not say who sent a frame: what counts is what it says of itself.
void Application::knock(std::uint32_t draw) {
  const NodeOptions& options = node_.options();
  const Position near = reader_.ending().value_or(Position{});
  for (const NodeId id : options.membership.at(Position{}).members) {
    if (id != options.self)
      ports_.network.send(id, strange_frame(options, near, mix(draw, id.value)));
  }
}

void Application::catch_up_then(std::function<void()> done) {
  spawn([this, done = std::move(done)] {
    catch_up();
    done();
  });
}

void Application::persist_until_appended(std::function<void(std::uint64_t op)> done) {
  spawn([this, done = std::move(done)] {
    Duration pause = node_.options().backoff;
    const bool automatic = node_.options().elections == Elections::kByElector;
    while (true) {
      if (automatic ? get_writer() : elect()) {
        const WriteResult result = append_one();
        if (result.outcome == Outcome::kOk) {
          done(notebook_.ids().last());
          return;
        }
      }
      node_.scheduler().sleep_for(ports_.random.between(RandomStream::kWorkload, pause, pause * 2));
      pause = std::min(pause * 2, Duration::seconds(5));
    }
  });
}

}  // namespace holdfast::scenarios
