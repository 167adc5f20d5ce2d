#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "scenarios/client_events.h"
#include "scenarios/script/commands.h"

namespace holdfast::scenarios::script {
namespace {

// Longer than anything takes that gets its answers, shorter than any resend.
constexpr Duration kPatience = Duration::milliseconds(90);

void settle(Stage& stage, const Command& command) {
  stage.settle(command.time("for").value_or(kPatience));
}

std::string told(const WriteResult& result) {
  switch (result.outcome) {
    case Outcome::kOk:
      return fmt::format("ok position={}", result.position.value);
    case Outcome::kFailed:
      return fmt::format("failed: {}", failure_text(result.failure));
    case Outcome::kUnknown:
      return fmt::format("unknown: {}", failure_text(result.failure));
  }
  HOLDFAST_UNREACHABLE("outcome");
}

// Of every member named.
std::vector<NodeId> live_nodes_of(Stage& stage, const Command& command) {
  std::vector<NodeId> nodes = nodes_of(stage, command);
  for (const std::string& each : command.words())
    live_node_of(stage, each);
  return nodes;
}

NodeId first_node_of(Stage& stage, const Command& command) {
  if (command.words().empty()) {
    throw ScriptError(fmt::format("{} needs a member, such as n1", command.name()));
  }
  return live_node_of(stage, command.words()[0]);
}

NodeId only_node_of(Stage& stage, const Command& command) {
  const NodeId node = first_node_of(stage, command);
  if (command.words().size() == 1) return node;
  throw ScriptError(
      fmt::format("{} takes one member only: {} is too much", command.name(), command.words()[1]));
}

std::string elect(const Stage::Call& call) {
  call.tracer.record(EventKind::kElectCalled, {call.op});
  const ElectResult result = call.client.writer.start();
  const Outcome outcome = result.ok() ? Outcome::kOk : Outcome::kFailed;
  call.tracer.record(EventKind::kElectReturned, {call.op, word(outcome), result.end.value});
  return result.ok() ? fmt::format("ok end={}", result.end.value)
                     : fmt::format("failed: {}", failure_text(result.failure));
}

// Clients that choose a key themselves are one client: members have smaller ids.
constexpr std::uint64_t kKeyedClient = 1000;

std::string append(const Stage::Call& call,
                   IdempotencyKey key,
                   const std::string& text,
                   Trace& trace) {
  const auto bytes = std::make_shared<const std::string>(text);
  const Value value = Value::append(bytes, key);
  trace.name(value);
  call.tracer.record(EventKind::kAppendCalled, {call.op, value.digest(), key.client, key.sequence});
  const WriteResult result = call.client.writer.append(bytes, key);
  call.tracer.record(EventKind::kAppendReturned,
                     {call.op, word(result.outcome), result.position.value});
  return told(result);
}

std::string truncate(const Stage::Call& call, Position to, Trace& trace) {
  trace.name(Value::truncate(to));
  call.tracer.record(EventKind::kTruncateCalled, {call.op, to.value});
  const WriteResult result = call.client.writer.truncate(to);
  call.tracer.record(EventKind::kTruncateReturned,
                     {call.op, word(result.outcome), result.position.value});
  return told(result);
}

std::string told(const ReadError& error) {
  return "failed: " + error.text();
}

std::string refused(const Stage::Call& call, const ReadError& error) {
  record_refusal(call.tracer, call.op, error);
  return told(error);
}

std::string read(const Stage::Call& call, Position from, Position to) {
  const auto entries = recorded_read(call.tracer, call.op, call.client.reader, from, to);
  if (!entries) return told(entries.error());
  if (entries->empty()) return "ok: no entries";
  std::string text = "ok:";
  for (const Entry& entry : *entries)
    text += fmt::format(" {}=\"{}\"", entry.position.value, *entry.bytes);
  return text;
}

// What a call that says how far a read may go was told.
std::string end_text(const Stage::Call& call, const ReadResult<std::optional<Position>>& end) {
  if (!end) return refused(call, end.error());
  return *end ? fmt::format("ok end={}", (*end)->value) : "ok: the log is empty";
}

std::string catch_up(const Stage::Call& call, Duration patience) {
  call.tracer.record(EventKind::kCatchupCalled, {call.op});
  const auto end = call.client.reader.catchup(patience);
  const bool ok = end && *end;
  const Outcome outcome = ok ? Outcome::kOk : Outcome::kFailed;
  const std::string text = end_text(call, end);
  call.tracer.record(EventKind::kCatchupReturned, {call.op, word(outcome), ok ? (*end)->value : 0});
  return text;
}

std::string barrier(const Stage::Call& call, Duration patience) {
  call.tracer.record(EventKind::kBarrierCalled, {call.op});
  const auto end = call.client.reader.barrier(patience);
  const std::string text = end_text(call, end);
  call.tracer.record(EventKind::kBarrierReturned,
                     {call.op,
                      word(end ? Outcome::kOk : Outcome::kFailed),
                      end && *end ? (*end)->value : kNoPosition});
  return text;
}

std::string await(const Stage::Call& call, Position to, Duration patience) {
  call.tracer.record(EventKind::kAwaitCalled, {call.op, to.value});
  const auto waited = call.client.reader.await(to, patience);
  const std::string text = waited ? "ok" : refused(call, waited.error());
  call.tracer.record(EventKind::kAwaitReturned,
                     {call.op, word(waited ? Outcome::kOk : Outcome::kFailed), to.value});
  return text;
}

// A call of one member's client that takes nothing but `patience` (1s).
void run_with_patience(Theatre& theatre,
                       const Command& command,
                       const char* what,
                       std::string (*run)(const Stage::Call&, Duration)) {
  Stage& stage = stage_of(theatre);
  command.allow_options({"patience", "for"});
  const NodeId node = only_node_of(stage, command);
  const Duration patience = command.time("patience").value_or(Duration::seconds(1));
  stage.begin(node, what, [run, patience](const auto& call) { return run(call, patience); });
  settle(stage, command);
}

}  // namespace

// Clients of all members named start their writers, at the same time.  Waits until they know the
// outcome, for at most `for` (90ms).
// Example: elect n1
void run_elect(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({"for"});
  for (const NodeId node : live_nodes_of(stage, command))
    stage.begin(node, "elect", elect);
  settle(stage, command);
}

// A client of the member appends all the entries at once; with `key`, one entry under that key.
// Waits for the outcomes, for at most `for` (90ms).
// Example: append n1 a b c for=0ms
void run_append(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({"key", "for"});
  const NodeId node = first_node_of(stage, command);
  if (command.words().size() < 2) throw ScriptError("append needs entries: append n1 a b c");
  const auto sequence = command.number("key");
  if (sequence && command.words().size() > 2) {
    throw ScriptError("append takes one entry only when it has a key: append n1 a key=7");
  }
  for (std::size_t i = 1; i < command.words().size(); ++i) {
    const std::string& text = command.words()[i];
    stage.begin(
        node, fmt::format("append \"{}\"", text), [node, sequence, text, &stage](const auto& call) {
          const IdempotencyKey key = sequence ? IdempotencyKey{kKeyedClient, *sequence}
                                              : IdempotencyKey{node.value, call.op};
          return append(call, key, text, stage.trace());
        });
  }
  settle(stage, command);
}

// A client of the member has every position below `to` forgotten.
// Example: truncate n1 to=4
void run_truncate(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({"to", "for"});
  const NodeId node = only_node_of(stage, command);
  const Position to{command.need_number("to")};
  stage.begin(node, fmt::format("truncate to={}", to.value), [to, &stage](const auto& call) {
    return truncate(call, to, stage.trace());
  });
  settle(stage, command);
}

// A client of the member reads what that member has learned.
// Example: read n2 from=1 to=3
void run_read(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({"from", "to", "for"});
  const NodeId node = only_node_of(stage, command);
  const Position from{command.need_number("from")};
  const Position to{command.need_number("to")};
  stage.begin(node,
              fmt::format("read {} to {}", from.value, to.value),
              [from, to](const auto& call) { return read(call, from, to); });
  settle(stage, command);
}

// A client of the member has it learn what the others know; it gives up after `patience` (1s).
// Example: catchup n3 patience=50ms
void run_catchup(Theatre& theatre, const Command& command) {
  run_with_patience(theatre, command, "catch up", &catch_up);
}

// A client of the member has it learn everything that was acknowledged so far; it gives up after
// `patience` (1s).
// Example: barrier n3 patience=50ms
void run_barrier(Theatre& theatre, const Command& command) {
  run_with_patience(theatre, command, "barrier", &barrier);
}

// A client of the member waits until that member has learned everything up to `to`; it gives up
// after `patience` (1s).
// Example: await n2 to=4
void run_await(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({"to", "patience", "for"});
  const NodeId node = only_node_of(stage, command);
  const Position to{command.need_number("to")};
  const Duration patience = command.time("patience").value_or(Duration::seconds(1));
  stage.begin(node, fmt::format("await {}", to.value), [to, patience](const auto& call) {
    return await(call, to, patience);
  });
  settle(stage, command);
}

}  // namespace holdfast::scenarios::script
