#include "real/server/answers.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace holdfast::real {
namespace {

// Positions read at a time: memory for so many of the largest entries is taken for a moment.
constexpr std::uint64_t kReadStep = 64;

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

Answers::Answers(Node& node, const Limits& limits, World world)
    : node_(node),
      limits_(limits),
      world_(std::move(world)),
      started_(node.scheduler().now()),
      leadership_(node),
      reader_(node.log().reader()) {}

void Answers::begin(std::vector<Asked> asked) {
  const auto all = std::make_shared<std::vector<Asked>>(std::move(asked));
  for (std::size_t i = 0; i < all->size(); ++i) {
    node_.scheduler().spawn([this, all, i] {
      const Asked one = std::move((*all)[i]);
      Answer answered = std::visit([&](const auto& body) { return answer(body, one.deadline); },
                                   one.request.body);
      one.reply({one.request.id, std::move(answered)});
    });
  }
}

// --- writes

template <typename Write>
Answers::Answer Answers::write(Instant deadline, const Write& write) {
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

Answers::Answer Answers::answer(const AppendRequest& request, Instant deadline) {
  // Refused before an election is run for it.
  if (request.entry->size() > node_.options().entry_bytes_max) {
    return failed_write(Failure::kTooLarge);
  }
  if (const auto wanted = world_.wanted_bytes()) {
    return Failed{.kind = ErrorKind::kDiskLow,
                  .text = "less than " + std::to_string(*wanted) +
                          " bytes are free on the disk of this member, which coordinates; free "
                          "space, or truncate the log"};
  }
  return write(deadline,
               [&](Log::Writer& writer) { return writer.append(request.entry, request.key); });
}

Answers::Answer Answers::answer(const TruncateRequest& request, Instant deadline) {
  return write(deadline, [&](Log::Writer& writer) { return writer.truncate(request.to); });
}

// --- reads

Answers::Answer Answers::answer(const ReadRequest& request, Instant) {
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

Answers::Answer Answers::read(Position from, Position to) {
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

Answers::Answer Answers::answer(const CatchupRequest&, Instant deadline) {
  const auto upto = reader_.barrier(deadline - node_.scheduler().now());
  if (!upto) return failed_read(upto.error());
  return CaughtUp{*upto};
}

Answers::Answer Answers::answer(const StatusRequest&, Instant) {
  return status();
}

MemberStatus Answers::status() const {
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
      .connected = world_.connected(),
      .uptime = node_.scheduler().now() - started_,
      .waits_for = image.metadata().status == Status::kVoting ? "" : node_.recovery().text()};
}

}  // namespace holdfast::real
