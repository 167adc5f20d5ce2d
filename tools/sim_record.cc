#include "tools/sim_record.h"

#include <cstring>
#include <type_traits>

#include <fmt/format.h>

#include "properties/no_abort.h"
#include "properties/verdict.h"

namespace holdfast::tools {
namespace {

static_assert(std::is_trivially_copyable_v<RunFigures>, "travels as bytes");

// From the lightest.
constexpr int kWeight[] = {
    kExitPassed, kExitCrash, kExitLiveness, kExitNotDeterministic, kExitSafety};

class Writer {
 public:
  template <typename Plain>
  void plain(const Plain& value) {
    static_assert(std::is_trivially_copyable_v<Plain>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  void text(std::string_view value) {
    plain(value.size());
    bytes_.append(value);
  }

  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename Plain>
  void plain(Plain& value) {
    static_assert(std::is_trivially_copyable_v<Plain>);
    if (!take(sizeof value)) return;
    std::memcpy(&value, taken_.data(), sizeof value);
  }

  void text(std::string& value) {
    std::size_t size = 0;
    plain(size);
    if (take(size)) value.assign(taken_);
  }

  bool good() const { return good_; }

  bool done() const { return good_ && bytes_.empty(); }

 private:
  bool take(std::size_t size) {
    good_ = good_ && size <= bytes_.size();
    if (!good_) return false;
    taken_ = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }

  std::string_view bytes_;
  std::string_view taken_;
  bool good_ = true;
};

// Every field of a violation, once, for both directions.
template <typename Stream, typename F>
void each_field(Stream& stream, F& found) {
  stream.text(found.property);
  stream.text(found.kind);
  stream.plain(found.event);
  stream.text(found.event_kind);
  stream.plain(found.time_ns);
  stream.plain(found.node);
  stream.text(found.text);
  stream.text(found.check);
}

// The same for a record, but its violations.
template <typename Stream, typename Record>
void each_field_of_record(Stream& stream, Record& record) {
  stream.plain(record.index);
  stream.plain(record.seed);
  stream.plain(record.figures);
  stream.text(record.note);
  stream.text(record.divergence);
  stream.text(record.crash);
  stream.text(record.invalid);
  stream.text(record.trail);
  stream.text(record.telling);
  stream.text(record.output);
  stream.plain(record.interrupted);
}

}  // namespace

int heavier_exit(int a, int b) {
  int heaviest = kExitPassed;
  for (const int code : kWeight)
    if (code == a || code == b) heaviest = code;
  return heaviest;
}

std::string_view exit_name(int code) {
  switch (code) {
    case kExitPassed:
      return "passed";
    case kExitCrash:
      return "crash";
    case kExitLiveness:
      return "liveness";
    case kExitSafety:
      return "safety";
    case kExitNotDeterministic:
      return "not deterministic";
    case kExitUnfinished:
      return "unfinished";
    case kExitPoints:
      return "points missed";
    case kExitInterrupted:
      return "interrupted";
    default:
      return "bad usage";
  }
}

int SeedRecord::exit_code() const {
  int code = figures.exit_code;
  if (!divergence.empty()) code = heavier_exit(code, kExitNotDeterministic);
  if (!crash.empty()) code = heavier_exit(code, kExitCrash);
  return code;
}

SeedRecord record_of(std::uint64_t index, std::uint64_t seed, const scenarios::RunResult& result) {
  SeedRecord record;
  record.index = index;
  record.seed = seed;
  record.figures.outcome = result.outcome;
  record.figures.exit_code = result.exit_code;
  record.figures.fingerprint = result.fingerprint;
  record.figures.simulated_ns = result.simulated.ns();
  record.figures.operations = result.operations;
  record.figures.counters = result.counters;
  record.figures.points = result.points;
  record.note = result.note;
  record.found = found_of(result.violations);
  return record;
}

std::vector<Found> found_of(const std::vector<properties::Violation>& violations) {
  std::vector<Found> all;
  for (const properties::Violation& violation : violations) {
    all.push_back({.property = std::string(violation.property),
                   .kind = std::string(name_of(violation.failure)),
                   .event = violation.seq,
                   .event_kind = std::string(violation.event_kind),
                   .time_ns = violation.time_ns,
                   .node = violation.node.value,
                   .text = violation.text,
                   .check = fmt::format("{}:{}", violation.where.file, violation.where.line)});
  }
  return all;
}

namespace {

int exit_of(std::string_view kind) {
  for (const int code : {kExitSafety, kExitLiveness})
    if (kind == exit_name(code)) return code;
  return kExitCrash;
}

}  // namespace

SeedRecord record_of_death(std::uint64_t seed, std::string text, std::vector<Found> before) {
  SeedRecord record;
  record.seed = seed;
  record.crash = std::move(text);
  record.found = std::move(before);
  for (const Found& found : record.found)
    record.figures.exit_code = heavier_exit(record.figures.exit_code, exit_of(found.kind));
  record.found.push_back({.property = std::string(properties::kNoAbort.name),
                          .kind = std::string(exit_name(kExitCrash)),
                          .text = "the process that played the run died",
                          .check = "the process"});
  return record;
}

bool died_first(const SeedRecord& record) {
  if (record.crash.empty()) return false;
  return record.found.empty() || record.found.front().property == properties::kNoAbort.name;
}

std::string save(const SeedRecord& record) {
  Writer writer;
  each_field_of_record(writer, record);
  writer.plain(record.found.size());
  for (const Found& found : record.found)
    each_field(writer, found);
  return writer.take();
}

std::optional<SeedRecord> load(std::string_view bytes) {
  Reader reader(bytes);
  SeedRecord record;
  each_field_of_record(reader, record);
  std::size_t count = 0;
  reader.plain(count);
  for (std::size_t i = 0; i < count && reader.good(); ++i)
    each_field(reader, record.found.emplace_back());
  if (!reader.done()) return std::nullopt;
  return record;
}

}  // namespace holdfast::tools
