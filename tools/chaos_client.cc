// For tools/chaos.py: clients of a cluster that write down what they ask and what they are told, as
// notes for `holdfast-sim judge`.
//
//   chaos_client --config FILE --notes FILE --node N --role write|read
//
// It goes on until it is told to end by SIGTERM; then what is under way is waited for.

#include <cinttypes>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <signal.h>
#include <unistd.h>

#include "protocol/events.h"

#include "real/client/append_stream.h"
#include "real/client/client.h"
#include "real/ports/monotonic.h"
#include "real/server/units.h"

#include "tools/cli_call.h"
#include "tools/sim_interrupt.h"

namespace holdfast::tools {
namespace {

using real::AppendStream;
using real::Client;
using real::ClientResult;
using real::monotonic_now;

struct Arguments : CommonArguments {
  std::string notes;
  // The node number of the first client; each of them has its own.
  unsigned node = 100;
  std::string role = "write";
  unsigned clients = 8;
  // Between an answer and the next question of the same client.
  std::string pause = "20ms";
  // Readers: every member is read once, whole, and that is all.
  bool once = false;
};

// Lines of TIME NODE WHAT WORD...
class Notes {
 public:
  explicit Notes(std::FILE* out) : out_(out) {}

  ~Notes() { std::fclose(out_); }

  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;

  void say(unsigned node, EventKind kind, std::initializer_list<std::uint64_t> words) {
    std::fprintf(out_,
                 "%" PRId64 " %u %s",
                 monotonic_now().ns(),
                 node,
                 std::string(event_name(kind)).c_str());
    for (const std::uint64_t word : words)
      std::fprintf(out_, " %" PRIu64, word);
    std::fputc('\n', out_);
  }

 private:
  std::FILE* out_;
};

std::uint64_t word(Outcome outcome) {
  return static_cast<std::uint64_t>(outcome);
}

// Unique among all clients of a run: the node, and a number of its own.
class Operations {
 public:
  explicit Operations(unsigned node) : next_(std::uint64_t{node} << 32) {}

  std::uint64_t next() { return ++next_; }

 private:
  std::uint64_t next_;
};

// --- writing

// Clients that append one entry after the other, over one stream.
class Writers {
 public:
  Writers(const Call& call, const Arguments& arguments, Duration pause, Notes& notes)
      : notes_(notes),
        pause_(pause),
        stream_(call.client, call.patience),
        name_((std::uint64_t{device_()} << 32 | device_()) | 1) {
    for (unsigned i = 0; i < arguments.clients; ++i)
      writers_.push_back(
          {.node = arguments.node + i, .operations = Operations(arguments.node + i)});
  }

  void run() {
    while (interrupt_signal() == 0) {
      const Instant now = monotonic_now();
      Instant wake = now + Duration::seconds(1);
      for (Writer& writer : writers_) {
        if (!writer.busy && writer.due <= now) append(writer);
        if (!writer.busy) wake = std::min(wake, writer.due);
      }
      stream_.wait(wake);
    }
    while (stream_.outstanding() > 0)
      stream_.wait(Instant::never());
  }

 private:
  struct Writer {
    unsigned node = 0;
    Operations operations;
    Instant due = {};
    bool busy = false;
  };

  // Mostly small, now and then one that does not fit into one write of a socket.
  std::string draw_entry(std::uint64_t sequence) {
    std::string entry = std::to_string(name_) + " " + std::to_string(sequence) + " ";
    const std::size_t length = random_() % 200 == 0 ? random_() % 300'000 : random_() % 300;
    entry.resize(entry.size() + length, static_cast<char>('a' + sequence % 26));
    return entry;
  }

  void append(Writer& writer) {
    const std::uint64_t op = writer.operations.next();
    const IdempotencyKey key{name_, ++sequence_};
    const std::string entry = draw_entry(sequence_);
    const auto value = Value::append(std::make_shared<const std::string>(entry), key);
    notes_.say(
        writer.node, EventKind::kAppendCalled, {op, value.digest(), key.client, key.sequence});
    writer.busy = true;
    stream_.append(entry, key, [this, op, &writer](const ClientResult<Position>& result) {
      const Outcome outcome = result                                             ? Outcome::kOk
                              : result.error().kind == real::ErrorKind::kUnknown ? Outcome::kUnknown
                                                                                 : Outcome::kFailed;
      notes_.say(writer.node,
                 EventKind::kAppendReturned,
                 {op, word(outcome), result ? result->value : kNoPosition});
      writer.busy = false;
      writer.due = monotonic_now() + pause_;
    });
  }

  Notes& notes_;
  Duration pause_;
  AppendStream stream_;
  std::random_device device_;
  std::mt19937_64 random_{device_()};
  std::uint64_t name_;
  std::uint64_t sequence_ = 0;
  std::vector<Writer> writers_;
};

// --- reading

// A client that reads the end of the log, at one member after the other, and truncates now and
// then.
class Reader {
 public:
  Reader(const Call& call, const Arguments& arguments, Duration pause, Notes& notes)
      : call_(call),
        notes_(notes),
        pause_(pause),
        node_(arguments.node),
        operations_(arguments.node),
        client_(call.client) {}

  void run() {
    for (std::uint64_t round = 0; interrupt_signal() == 0; ++round) {
      const auto& members = call_.client.members;
      const auto end = read(members[round % members.size()].id, kReadBack);
      if (end && round % kTruncateEvery == kTruncateEvery - 1) truncate(*end);
      ::usleep(static_cast<useconds_t>(pause_.ns() / 1000));
    }
  }

  // Every member, whole; false: one could not be read.
  bool run_once() {
    bool all = true;
    for (const auto& member : call_.client.members) {
      const auto end = read(member.id, UINT64_MAX);
      std::printf("member %u: %s\n",
                  unsigned{member.id.value},
                  end ? ("read to " + std::to_string(end->value)).c_str() : "cannot be read");
      all = all && end;
    }
    return all;
  }

 private:
  static constexpr std::uint64_t kReadBack = 300;
  static constexpr std::uint64_t kTruncateEvery = 20;
  // Positions that a truncation leaves.
  static constexpr std::uint64_t kKept = 3000;

  // Linearizable; the last position that was read.
  std::optional<Position> read(NodeId member, std::uint64_t back) {
    const std::uint64_t op = operations_.next();
    notes_.say(node_, EventKind::kBarrierCalled, {op});
    const auto end = client_.catchup(member, call_.patience);
    // One that failed said nothing.
    if (!end || !*end) return std::nullopt;
    notes_.say(node_, EventKind::kBarrierReturned, {op, word(Outcome::kOk), (*end)->value});
    const auto status = client_.status(member, call_.patience);
    if (!status) return std::nullopt;
    const std::uint64_t from = (*end)->value > back ? (*end)->value - back : 0;
    Position next{std::max(from, status->begin.value)};
    while (next <= **end) {
      const auto after = read_page(member, next, **end);
      if (!after) return std::nullopt;
      next = *after;
    }
    return *end;
  }

  // Where to read on; none: it could not be read, as when it was truncated.
  std::optional<Position> read_page(NodeId member, Position from, Position to) {
    const std::uint64_t op = operations_.next();
    notes_.say(node_, EventKind::kReadCalled, {op, from.value, to.value});
    const auto page = client_.read(member, {.from = from, .to = to}, call_.patience);
    if (!page) {
      notes_.say(
          node_, EventKind::kReadReturned, {op, word(Outcome::kFailed), from.value, to.value});
      return std::nullopt;
    }
    for (const real::ReadEntry& entry : page->entries)
      notes_.say(node_,
                 EventKind::kReadEntry,
                 {op, entry.position.value, Value::append(entry.bytes, entry.key).digest()});
    const Position last = page->next ? page->next->previous() : to;
    notes_.say(node_, EventKind::kReadReturned, {op, word(Outcome::kOk), from.value, last.value});
    return last.next();
  }

  void truncate(Position end) {
    if (end.value < kKept) return;
    const Position to{end.value - kKept};
    const std::uint64_t op = operations_.next();
    notes_.say(node_, EventKind::kTruncateCalled, {op, to.value});
    const auto at = client_.truncate(to, call_.patience);
    // One that was refused did nothing: the log is shorter than it was, or begins later.
    const Outcome outcome = at                                             ? Outcome::kOk
                            : at.error().kind == real::ErrorKind::kUnknown ? Outcome::kUnknown
                                                                           : Outcome::kFailed;
    notes_.say(
        node_, EventKind::kTruncateReturned, {op, word(outcome), at ? at->value : kNoPosition});
  }

  const Call& call_;
  Notes& notes_;
  Duration pause_;
  unsigned node_;
  Operations operations_;
  Client client_;
};

int run(const Arguments& arguments) {
  const auto call = prepare(arguments);
  if (!call) return static_cast<int>(real::ExitCode::kUsage);
  const auto pause = real::parse_duration(arguments.pause);
  if (!pause) return complain("--pause: " + pause.error(), real::ExitCode::kUsage);
  std::FILE* out = std::fopen(arguments.notes.c_str(), "wx");
  if (out == nullptr) {
    return complain(arguments.notes + ": cannot be made", real::ExitCode::kUsage);
  }
  Notes notes(out);
  ::signal(SIGPIPE, SIG_IGN);
  note_interrupts();
  if (arguments.role == "write") {
    Writers(*call, arguments, *pause, notes).run();
    return 0;
  }
  Reader reader(*call, arguments, *pause, notes);
  if (arguments.once) return reader.run_once() ? 0 : static_cast<int>(real::ExitCode::kNoAnswer);
  reader.run();
  return 0;
}

}  // namespace
}  // namespace holdfast::tools

int main(int argc, char** argv) {
  CLI::App app("clients that write down what they see", "chaos_client");
  holdfast::tools::Arguments arguments;
  app.add_option("--config", arguments.config)->required();
  app.add_option("--deadline", arguments.deadline);
  app.add_option("--notes", arguments.notes)->required();
  app.add_option("--node", arguments.node)->check(CLI::Range(64, 200));
  app.add_option("--role", arguments.role)->check(CLI::IsMember({"write", "read"}));
  app.add_option("--clients", arguments.clients)->check(CLI::Range(1, 50));
  app.add_option("--pause", arguments.pause);
  app.add_flag("--once", arguments.once);
  CLI11_PARSE(app, argc, argv);
  return holdfast::tools::run(arguments);
}
