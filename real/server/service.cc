#include "real/server/service.h"

#include <algorithm>
#include <utility>

namespace holdfast::real {
namespace {

// Positions read at a time: memory for so many of the largest entries is taken for a moment.
constexpr std::uint64_t kReadStep = 64;
// What is left of a client's patience when this member answers, so that it hears the answer.
constexpr int kPatienceParts = 8;

ErrorKind kind_of(ReadError::Kind kind) {
  switch (kind) {
    case ReadError::Kind::kBadRange:
      return ErrorKind::kBadRange;
    case ReadError::Kind::kTruncated:
      return ErrorKind::kTruncated;
    case ReadError::Kind::kPastEnd:
      return ErrorKind::kPastEnd;
    case ReadError::Kind::kPending:
      return ErrorKind::kPending;
    case ReadError::Kind::kMissing:
      return ErrorKind::kMissing;
    case ReadError::Kind::kNotVoting:
      return ErrorKind::kNotVoting;
    case ReadError::Kind::kNoQuorum:
      return ErrorKind::kNoQuorum;
    case ReadError::Kind::kNotCaughtUp:
      return ErrorKind::kNotCaughtUp;
  }
  HOLDFAST_UNREACHABLE("read error");
}

Failed failed_read(const ReadError& error) {
  return {.kind = kind_of(error.kind), .text = error.text(), .position = error.position};
}

// Counts one while it lives, also when a cancelled fiber unwinds through it.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }

  ~Counted() { --count_; }

  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

Service::Service(Node& node, EventLoop& loop, Machine& machine, Limits limits)
    : node_(node),
      loop_(loop),
      machine_(machine),
      limits_(limits),
      started_(machine.ports().clock.now()),
      leadership_(node),
      reader_(node.log().reader()),
      awaiting_deadline_(loop, [this] { look_at_awaiting(); }),
      owner_(std::make_shared<Owner>(Owner{this})) {}

Service::~Service() {
  owner_->service = nullptr;
}

void Service::handle(Request request, Reply reply) {
  if (!node_.is_ready()) {
    reply({request.id,
           Failed{.kind = ErrorKind::kNotReady, .text = "the member is opening its directory"}});
    return;
  }
  const auto* read = std::get_if<ReadRequest>(&request.body);
  if (read != nullptr && read->await && !is_learned(*read->await)) {
    return await(std::move(request), std::move(reply));
  }
  begin(std::move(request), std::move(reply));
}

void Service::begin(Request request, Reply reply) {
  if (requests_ >= limits_.requests_max) {
    reply({request.id,
           Failed{.kind = ErrorKind::kOverloaded,
                  .text = "as many requests as this member takes are under way; try again"}});
    return;
  }
  ++requests_;
  const Duration margin = request.patience / kPatienceParts;
  const Instant deadline = loop_.now() + (request.patience - margin);
  waiting_.push_back({std::move(request), std::move(reply), deadline});
  if (waiting_.size() > 1) return;
  loop_.post([owner = owner_] {
    if (owner->service != nullptr) owner->service->begin_all();
  });
}

bool Service::is_learned(Position p) const {
  const auto learned = reader_.learned();
  return p < reader_.beginning() || (learned && p <= *learned);
}

void Service::await(Request request, Reply reply) {
  if (awaiting_.size() >= limits_.awaiting_max) {
    reply({request.id,
           Failed{.kind = ErrorKind::kOverloaded,
                  .text = "as many reads as this member takes wait for what is to come"}});
    return;
  }
  const Instant deadline = loop_.now() + request.patience;
  awaiting_.push_back({std::move(request), std::move(reply), deadline});
  if (deadline < next_look_) awaiting_deadline_.set(next_look_ = deadline);
}

void Service::on_learned() {
  if (awaiting_.empty() || std::exchange(look_posted_, true)) return;
  // Not in the middle of a step; and what is learned together is looked at once.
  loop_.post([owner = owner_] {
    if (owner->service == nullptr) return;
    owner->service->look_posted_ = false;
    owner->service->look_at_awaiting();
  });
}

void Service::look_at_awaiting() {
  next_look_ = Instant::never();
  std::vector<Waiting> all = std::exchange(awaiting_, {});
  for (Waiting& one : all) {
    const Position wanted = *std::get<ReadRequest>(one.request.body).await;
    if (is_learned(wanted)) {
      begin(std::move(one.request), std::move(one.reply));
    } else if (one.deadline <= loop_.now()) {
      one.reply(
          {one.request.id,
           Failed{.kind = ErrorKind::kNotCaughtUp,
                  .text = "position " + std::to_string(wanted.value) + " was not learned in time",
                  .position = wanted}});
    } else {
      next_look_ = std::min(next_look_, one.deadline);
      awaiting_.push_back(std::move(one));
    }
  }
  if (next_look_ != Instant::never()) awaiting_deadline_.set(next_look_);
}

void Service::begin_all() {
  const auto all = std::make_shared<std::vector<Waiting>>(std::exchange(waiting_, {}));
  machine_.step([&] {
    node_.act([&] {
      for (std::size_t i = 0; i < all->size(); ++i) {
        node_.scheduler().spawn([this, all, i] {
          const Waiting one = std::move((*all)[i]);
          Answer answered = std::visit([&](const auto& body) { return answer(body, one.deadline); },
                                       one.request.body);
          // One that is cancelled takes the service with it.
          --requests_;
          one.reply({one.request.id, std::move(answered)});
        });
      }
    });
  });
}

// --- writes

template <typename Write>
Service::Answer Service::write(Instant deadline, const Write& write) {
  while (true) {
    if (auto failed = leadership_.lead(deadline)) return std::move(*failed);
    Log::Writer writer = leadership_.writer();
    const WriteResult result = write(writer);
    switch (result.outcome) {
      case Outcome::kOk:
        return Written{result.position};
      case Outcome::kUnknown:
        return Failed{.kind = ErrorKind::kUnknown,
                      .text = "outcome unknown, it may be in the log or come into it yet: " +
                              std::string(failure_text(result.failure))};
      case Outcome::kFailed:
        break;
    }
    // Deposed between lead() and the write; or the write itself was refused.
    if (result.failure != Failure::kNotElected) return failed_write(result.failure);
  }
}

Service::Answer Service::answer(const AppendRequest& request, Instant deadline) {
  // Refused before an election is run for it.
  if (request.entry->size() > node_.options().entry_bytes_max) {
    return failed_write(Failure::kTooLarge);
  }
  if (limits_.disk != nullptr && limits_.disk->is_low()) {
    return Failed{.kind = ErrorKind::kDiskLow,
                  .text = "less than " + std::to_string(limits_.disk->reserve()) +
                          " bytes are free on the disk of this member, which coordinates; free "
                          "space, or truncate the log"};
  }
  return write(deadline,
               [&](Log::Writer& writer) { return writer.append(request.entry, request.key); });
}

Service::Answer Service::answer(const TruncateRequest& request, Instant deadline) {
  return write(deadline, [&](Log::Writer& writer) { return writer.truncate(request.to); });
}

// --- reads

Service::Answer Service::answer(const ReadRequest& request, Instant) {
  if (reads_ >= limits_.reads_max) {
    return Failed{.kind = ErrorKind::kOverloaded,
                  .text = "as many reads as this member takes are under way; try again"};
  }
  const Counted counted(reads_);
  const Position from = request.from.value_or(reader_.beginning());
  const auto end = reader_.learned();
  // Nothing is learned yet, and the client did not ask for anything in particular.
  if (!request.to && (!end || from > *end)) return Entries{};
  return read(from, request.to ? *request.to : *end);
}

Service::Answer Service::read(Position from, Position to) {
  Entries page;
  std::size_t bytes = 0;
  for (Position at = from;;) {
    // The reader itself refuses a range that ends before it begins.
    const Position last = to < at ? to : at + std::min(to.value - at.value, kReadStep - 1);
    auto entries = reader_.read(at, last);
    if (!entries) return failed_read(entries.error());
    for (Entry& entry : *entries) {
      if (bytes >= limits_.page_bytes) {
        page.next = entry.position;
        return page;
      }
      bytes += entry.bytes->size();
      page.entries.push_back({entry.position, std::move(entry.bytes), entry.key});
    }
    if (last >= to) return page;
    at = last.next();
    if (bytes >= limits_.page_bytes || at.value - from.value >= limits_.page_positions) {
      page.next = at;
      return page;
    }
  }
}

Service::Answer Service::answer(const CatchupRequest&, Instant deadline) {
  const auto upto = reader_.barrier(deadline - node_.scheduler().now());
  if (!upto) return failed_read(upto.error());
  return CaughtUp{*upto};
}

Service::Answer Service::answer(const StatusRequest&, Instant) {
  return status();
}

MemberStatus Service::status() const {
  const LogImage& image = node_.image();
  return MemberStatus{
      .member = node_.options().self,
      .status = image.metadata().status,
      .role = node_.coordinating() ? MemberRole::kCoordinator : MemberRole::kFollower,
      .begin = image.begin().position,
      .end = image.end(),
      .learned = reader_.learned(),
      .coordinator = node_.coordinator(),
      .incarnation = image.metadata().incarnation,
      .connected = static_cast<std::uint32_t>(machine_.network().connected()),
      .uptime = node_.scheduler().now() - started_,
      .waits_for = image.metadata().status == Status::kVoting ? "" : node_.recovery().text()};
}

}  // namespace holdfast::real
