#include "scenarios/explore/log_company.h"

#include <algorithm>
#include <utility>

#include "protocol/env/check.h"

#include "protocol/fiber/stack_note.h"
#include "protocol/node.h"

#include "scenarios/client_events.h"
#include "scenarios/explore/disk_image.h"

namespace holdfast::scenarios {
namespace {

using explore::Operation;

class LogActor final : public explore::Actor {
 public:
  LogActor(NodeOptions options,
           const Ports& ports,
           const explore::Image& image,
           const LogCompanyOptions& company,
           StackPool& stacks)
      : ports_(ports),
        careless_(company.careless),
        store_(std::make_shared<CheckedStore>(image, company.stores)),
        node_(std::move(options),
              ports,
              store_,
              {.ready = nullptr, .stopped = [this](const StoreError&) { ended_ = true; }},
              &stacks),
        writer_(node_.log().writer()),
        reader_(node_.log().reader()) {}

  void start() override { node_.start(); }

  void on_frame(const Frame& frame) override { node_.on_frame(frame); }

  void on_alarm() override { node_.on_alarm(); }

  void watch_states() override {
    node_.watch_states([this](StateHash& hash) {
      store_->add_state(hash);
      hash.add(std::uint64_t{busy_} << 1 | std::uint64_t{has_writer_});
      hash.add(last_);
    });
  }

  void begin_step(const StateName& input) override { node_.begin_watched_step(input); }

  StateName state_name() const override { return node_.state_name(); }

  bool deaf_to(const Frame& frame, explore::Losses losses) const override {
    switch (losses) {
      case explore::Losses::kNone:
        return node_.deaf_to(frame, Losses::kNone);
      case explore::Losses::kMemories:
        return node_.deaf_to(frame, Losses::kMemories);
      case explore::Losses::kDisks:
        return node_.deaf_to(frame, Losses::kDisks);
    }
    HOLDFAST_UNREACHABLE("losses");
  }

  void perform(Operation operation) override {
    // Unique in the run.
    const std::uint64_t op = std::uint64_t{operation.kind} << 8 | operation.serial;
    node_.act([&] {
      node_.scheduler().spawn([this, kind = LogOperation{operation.kind}, op] { act(kind, op); });
    });
  }

  bool hears() const override { return node_.is_ready(); }

  std::uint8_t asks() const override {
    if (!node_.is_ready() || busy_) return 0;
    const auto bit = [](LogOperation operation, bool asked) {
      return asked ? 1u << static_cast<unsigned>(operation) : 0u;
    };
    const bool votes = node_.image().metadata().status == Status::kVoting;
    return static_cast<std::uint8_t>(
        bit(LogOperation::kElect, votes) | bit(LogOperation::kAppend, has_writer_) |
        bit(LogOperation::kTruncate, has_writer_ && last_ >= node_.image().begin().position) |
        bit(LogOperation::kCatchUp, true) | bit(LogOperation::kRead, true) |
        bit(LogOperation::kRetry, has_writer_) | bit(LogOperation::kOverreach, has_writer_));
  }

  void break_disk(bool done) override { store_->refuse_next(done); }

  bool ended() const override { return ended_; }

  std::vector<explore::Image> survivors() const override { return store_->survivors(); }

 private:
  void act(LogOperation kind, std::uint64_t op) {
    const StackNote note(node_.scheduler(), "client", [&](StateHash& hash) {
      hash.add(kind);
      hash.add(op);
    });
    switch (kind) {
      case LogOperation::kElect:
        elect(op);
        return;
      case LogOperation::kAppend:
        append(op, op & 0xff);
        return;
      case LogOperation::kTruncate:
        truncate(op, last_.next());
        return;
      case LogOperation::kCatchUp:
        catch_up(op);
        return;
      case LogOperation::kRead:
        read_all(op);
        return;
      case LogOperation::kRetry:
        append(op, 0);
        return;
      case LogOperation::kOverreach:
        // More than the window can hold, so that nobody was told of it.
        truncate(op, Position{last_.value + 100});
        return;
    }
    HOLDFAST_UNREACHABLE("operation kind");
  }

  void elect(std::uint64_t op) {
    busy_ = true;
    ports_.tracer.record(EventKind::kElectCalled, {op});
    const ElectResult result = writer_.start();
    busy_ = false;
    has_writer_ = result.ok();
    if (result.ok()) last_ = result.end;
    ports_.tracer.record(
        EventKind::kElectReturned,
        {op, word(result.ok() ? Outcome::kOk : Outcome::kFailed), result.end.value});
    // Whoever is elected has learned what is below its first write.
    if (result.ok() && reader_.beginning() <= result.end) read(op, result.end);
  }

  void append(std::uint64_t op, std::uint64_t entry) {
    auto bytes = std::make_shared<const std::string>("entry " + std::to_string(entry));
    const IdempotencyKey key{.client = 1, .sequence = 1 + entry};
    ports_.tracer.record(EventKind::kAppendCalled,
                         {op, Value::append(bytes, key).digest(), key.client, key.sequence});
    const WriteResult result = writer_.append(std::move(bytes), key);
    note(result);
    ports_.tracer.record(EventKind::kAppendReturned,
                         {op, word(result.outcome), result.position.value});
  }

  void truncate(std::uint64_t op, Position to) {
    ports_.tracer.record(EventKind::kTruncateCalled, {op, to.value});
    const WriteResult result = writer_.truncate(to);
    note(result);
    ports_.tracer.record(EventKind::kTruncateReturned,
                         {op, word(result.outcome), result.position.value});
  }

  void note(const WriteResult& result) {
    if (result.ok()) last_ = std::max(last_, result.position);
    const bool over = careless_ ? result.failure == Failure::kNotElected : true;
    if (!result.ok() && over) has_writer_ = false;
  }

  // Learns as far as `reach` says, and reads what there is.
  template <typename Reach>
  void read_after(EventKind called, EventKind returned, std::uint64_t op, const Reach& reach) {
    busy_ = true;
    ports_.tracer.record(called, {op});
    const ReadResult<std::optional<Position>> end = reach(Duration::seconds(5));
    busy_ = false;
    const std::optional<Position> last = end.value_or(std::nullopt);
    ports_.tracer.record(returned,
                         {op,
                          word(end.has_value() ? Outcome::kOk : Outcome::kFailed),
                          last ? last->value : kNoPosition});
    if (last && reader_.beginning() <= *last) read(op, *last);
    // Also what nobody may have decided yet, which must not be told.
    const std::optional<Position> all = reader_.ending();
    if (all && all != last && reader_.beginning() <= *all) read(op, *all);
  }

  void read(std::uint64_t op, Position to) {
    recorded_read(ports_.tracer, op, reader_, reader_.beginning(), to);
  }

  void catch_up(std::uint64_t op) {
    read_after(
        EventKind::kCatchupCalled, EventKind::kCatchupReturned, op, [this](Duration patience) {
          return reader_.catchup(patience);
        });
  }

  void read_all(std::uint64_t op) {
    read_after(
        EventKind::kBarrierCalled, EventKind::kBarrierReturned, op, [this](Duration patience) {
          return reader_.barrier(patience);
        });
  }

  Ports ports_;
  bool careless_;
  bool ended_ = false;
  std::shared_ptr<CheckedStore> store_;
  Node node_;
  Log::Writer writer_;
  Log::Reader reader_;
  // An election or a catch-up of the application runs.
  bool busy_ = false;
  bool has_writer_ = false;
  // The last position that was acknowledged to this application.
  Position last_;
};

}  // namespace

explore::Goal goal_of_the_log() {
  const auto bit = [](LogOperation operation) {
    return static_cast<std::uint8_t>(1u << static_cast<unsigned>(operation));
  };
  const auto work = [](LogOperation operation, EventKind returned, const char* if_not) {
    return explore::Goal::Work{.kind = static_cast<std::uint8_t>(operation),
                               .done =
                                   [returned](const explore::Seen& seen) {
                                     return seen.kind == returned &&
                                            seen.words[1] == word(Outcome::kOk);
                                   },
                               .if_not = if_not};
  };
  return {.all_ask = bit(LogOperation::kElect),
          .works = {work(LogOperation::kElect, EventKind::kElectReturned, "no election is won"),
                    work(LogOperation::kAppend,
                         EventKind::kAppendReturned,
                         "no append is acknowledged")},
          .if_not = "not all members vote and are idle"};
}

NodeOptions LogCompany::options_of(explore::Node node, std::uint32_t life) const {
  std::vector<NodeId> members;
  for (explore::Node each = 0; each < options_.members; ++each)
    members.push_back(explore::id_of(each));
  NodeOptions options;
  options.cluster = 0x5eed;
  options.self = explore::id_of(node);
  options.membership = Membership(std::move(members));
  options.window = 4;
  // No time has to pass between what a member fetches.
  options.fetch_pause = Duration{};
  // Its table is the most expensive part of a boot.
  options.key_positions = 64;
  if (options_.impatient) options.write_deadline = Duration::milliseconds(300);
  options.mesos_compat = options_.compat;
  options.auto_initialise = options_.blank ? AutoInitialise::kOn : AutoInitialise::kOff;
  // No two lives may make one ballot.
  if (options_.compat.d2 && life > 1) {
    options.mesos_compat.disks_lost = static_cast<std::uint16_t>(life - 1);
  }
  return options;
}

explore::Image LogCompany::first_image(explore::Node node) const {
  if (options_.blank) return {};
  DiskImage disk;
  disk.apply(initial_batch(options_of(node, 1), Position{}));
  return disk.bytes();
}

std::unique_ptr<explore::Actor> LogCompany::boot(explore::Node node,
                                                 std::uint32_t life,
                                                 const Ports& ports,
                                                 const explore::Image& image) const {
  return std::make_unique<LogActor>(options_of(node, life), ports, image, options_, stacks_);
}

std::string LogCompany::name_of(std::uint8_t kind) const {
  switch (LogOperation{kind}) {
    case LogOperation::kElect:
      return "elect";
    case LogOperation::kAppend:
      return "append";
    case LogOperation::kTruncate:
      return "truncate";
    case LogOperation::kCatchUp:
      return "catchup";
    case LogOperation::kRead:
      return "read";
    case LogOperation::kRetry:
      return "retry";
    case LogOperation::kOverreach:
      return "overreach";
  }
  HOLDFAST_UNREACHABLE("operation kind");
}

}  // namespace holdfast::scenarios
