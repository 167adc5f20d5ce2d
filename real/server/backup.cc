#include "real/server/backup.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <unistd.h>

// The header is the library.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "protocol/node.h"

#include "real/ports/storage_threads.h"
#include "real/ports/system_text.h"
#include "real/server/backup.pb.h"
#include "real/server/data_directory.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "holdfast backup 1\n";
// More than the largest entry that a member takes.
constexpr std::uint64_t kRecordBytesMax = (64 << 20) + 4096;
// What is written to a directory at a time.
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kBatchRecords = 4096;

// Without a word on stderr about what is no record.
bool parse(const std::string& bytes, backup::Record& record) {
  return record.ParsePartialFromString(bytes) && record.IsInitialized();
}

std::string sized(const backup::Record& record) {
  const std::string bytes = record.SerializeAsString();
  std::string out;
  {
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.WriteVarint32(static_cast<std::uint32_t>(bytes.size()));
  }
  return out + bytes;
}

}  // namespace

class BackupSum {
 public:
  BackupSum() { XXH3_64bits_reset(&state_); }

  void add(std::string_view bytes) { XXH3_64bits_update(&state_, bytes.data(), bytes.size()); }

  void add(std::uint64_t number) { XXH3_64bits_update(&state_, &number, sizeof(number)); }

  std::uint64_t value() const { return XXH3_64bits_digest(&state_); }

 private:
  XXH3_state_t state_;
};

// --- writing

BackupWriter::BackupWriter(std::string file, std::FILE* out)
    : file_(std::move(file)),
      out_(out),
      sum_(std::make_unique<BackupSum>()) {}

BackupResult<std::unique_ptr<BackupWriter>> BackupWriter::create(const std::string& file,
                                                                 const BackupHead& head) {
  std::error_code error;
  if (fs::exists(file, error)) {
    return tl::unexpected(file + ": is there already; name a new file");
  }
  std::FILE* out = std::fopen((file + ".part").c_str(), "wb");
  if (out == nullptr) return tl::unexpected(file + ".part: cannot be made: " + system_text(errno));
  std::unique_ptr<BackupWriter> writer(new BackupWriter(file, out));
  backup::Record record;
  backup::Head& written = *record.mutable_head();
  written.set_cluster(head.cluster);
  written.set_log(head.log);
  written.set_cluster_name(head.cluster_name);
  written.set_begin(head.begin.value);
  written.set_end(head.end.value);
  written.set_taken(head.taken);
  if (auto put = writer->put(std::string(kMagic) + sized(record)); !put) {
    return tl::unexpected(put.error());
  }
  return writer;
}

BackupWriter::~BackupWriter() {
  if (out_ == nullptr) return;
  std::fclose(out_);
  ::unlink(part().c_str());
}

BackupResult<void> BackupWriter::put(const std::string& bytes) {
  sum_->add(bytes);
  if (std::fwrite(bytes.data(), 1, bytes.size(), out_) == bytes.size()) return {};
  return tl::unexpected(part() + ": cannot be written: " + system_text(errno));
}

BackupResult<void> BackupWriter::add(const ReadEntry& entry) {
  backup::Record record;
  backup::Entry& added = *record.mutable_entry();
  added.set_position(entry.position.value);
  added.set_entry(*entry.bytes);
  if (entry.key != IdempotencyKey{}) {
    added.set_key_client(entry.key.client);
    added.set_key_sequence(entry.key.sequence);
  }
  ++entries_;
  return put(sized(record));
}

BackupResult<void> BackupWriter::finish() {
  backup::Record record;
  record.mutable_tail()->set_entries(entries_);
  record.mutable_tail()->set_checksum(sum_->value());
  if (auto done = put(sized(record)); !done) return done;
  std::FILE* out = std::exchange(out_, nullptr);
  std::error_code error;
  if (std::fflush(out) != 0 || ::fsync(::fileno(out)) != 0) {
    error = {errno, std::generic_category()};
  }
  if (std::fclose(out) != 0 && !error) error = {errno, std::generic_category()};
  if (!error) fs::rename(part(), file_, error);
  const std::string folder = fs::absolute(file_).parent_path().string();
  if (!error && !sync_directory(folder)) error = std::make_error_code(std::errc::io_error);
  if (!error) return {};
  std::error_code ignored;
  fs::remove(part(), ignored);
  return tl::unexpected(file_ + ": cannot be written: " + error.message());
}

// --- reading

BackupReader::BackupReader(std::string file, std::FILE* in)
    : file_(std::move(file)),
      in_(in),
      sum_(std::make_unique<BackupSum>()) {}

BackupResult<std::unique_ptr<BackupReader>> BackupReader::open(const std::string& file) {
  std::FILE* in = std::fopen(file.c_str(), "rb");
  if (in == nullptr) return tl::unexpected(file + ": cannot be read: " + system_text(errno));
  std::unique_ptr<BackupReader> reader(new BackupReader(file, in));
  if (const auto taken = reader->take_head(); !taken) return tl::unexpected(taken.error());
  return reader;
}

BackupReader::~BackupReader() {
  std::fclose(in_);
}

tl::unexpected<std::string> BackupReader::damaged(const std::string& what) const {
  return tl::unexpected(file_ + ": at byte " + std::to_string(at_) + ": " + what);
}

BackupResult<void> BackupReader::take_head() {
  std::string magic(kMagic.size(), '\0');
  if (std::fread(magic.data(), 1, magic.size(), in_) != magic.size() || magic != kMagic) {
    return damaged("is no backup of a log (`holdfast backup` makes them)");
  }
  sum_->add(magic);
  at_ = magic.size();
  backup::Record record;
  if (const auto taken = take(record); !taken) return tl::unexpected(taken.error());
  if (!record.has_head()) return damaged("is no head");
  const backup::Head& head = record.head();
  if (head.begin() > head.end() || head.end() > Position::max().value) {
    return damaged("has a range that is none");
  }
  head_ = {.cluster = head.cluster(),
           .log = head.log(),
           .cluster_name = head.cluster_name(),
           .begin = Position{head.begin()},
           .end = Position{head.end()},
           .taken = head.taken()};
  return {};
}

// What comes before a tail's size is what it is the checksum of.
BackupResult<void> BackupReader::take(backup::Record& record) {
  std::string size_bytes;
  std::uint64_t size = 0;
  for (unsigned shift = 0;; shift += 7) {
    const int byte = std::fgetc(in_);
    if (byte == EOF) return damaged("the file ends in the middle: it is not whole");
    size_bytes.push_back(static_cast<char>(byte));
    size |= static_cast<std::uint64_t>(byte & 127) << shift;
    if ((byte & 128) == 0) break;
    if (shift >= 28) return damaged("is no size");
  }
  if (size > kRecordBytesMax) return damaged("is no size");
  std::string bytes(size, '\0');
  if (std::fread(bytes.data(), 1, size, in_) != size) {
    return damaged("the file ends in the middle: it is not whole");
  }
  at_ += size_bytes.size() + size;
  if (!parse(bytes, record)) return damaged("is no record");
  if (record.has_tail()) return {};
  sum_->add(size_bytes);
  sum_->add(bytes);
  return {};
}

BackupResult<std::optional<ReadEntry>> BackupReader::next() {
  backup::Record record;
  if (const auto taken = take(record); !taken) return tl::unexpected(taken.error());
  if (record.has_tail()) {
    const auto whole = check_tail(record.tail().entries(), record.tail().checksum());
    if (!whole) return tl::unexpected(whole.error());
    return std::nullopt;
  }
  if (!record.has_entry()) return damaged("is neither entry nor tail");
  backup::Entry& entry = *record.mutable_entry();
  const Position position{entry.position()};
  if (position < head_.begin || position > head_.end || (last_ && position <= *last_)) {
    return damaged("has a position out of order or range");
  }
  last_ = position;
  ++entries_;
  return ReadEntry{position,
                   std::make_shared<const std::string>(std::move(*entry.mutable_entry())),
                   {.client = entry.key_client(), .sequence = entry.key_sequence()}};
}

BackupResult<void> BackupReader::check_tail(std::uint64_t entries, std::uint64_t checksum) {
  if (entries != entries_ || checksum != sum_->value()) {
    return damaged("its checksum is wrong: it is not what was written");
  }
  if (std::fgetc(in_) != EOF) return damaged("something follows the end");
  return {};
}

// --- a new cluster

BackupResult<std::uint64_t> restored_cluster(const std::string& file) {
  auto reader = BackupReader::open(file);
  if (!reader) return tl::unexpected(reader.error());
  BackupSum sum;
  const BackupHead& head = (*reader)->head();
  for (const std::uint64_t number :
       {head.cluster, head.log, head.begin.value, head.end.value, head.taken})
    sum.add(number);
  while (true) {
    const auto entry = (*reader)->next();
    if (!entry) return tl::unexpected(entry.error());
    // As the configuration writes them: from 1 to 2^63 - 1.
    if (!*entry) return sum.value() >> 1 | 1;
    const auto& [position, bytes, key] = **entry;
    for (const std::uint64_t number : {position.value, key.client, key.sequence, bytes->size()})
      sum.add(number);
    sum.add(*bytes);
  }
}

namespace {

tl::unexpected<StoreError> failed(StoreError::Kind kind, std::string text) {
  return tl::unexpected(StoreError{kind, std::move(text)});
}

// Records as they would be had they been chosen at the lowest ballot there is.
class Restorer {
 public:
  Restorer(ReplicaStore& store, Position begin) : store_(store), next_(begin) {}

  StoreResult<void> add(const ReadEntry& entry) {
    if (auto filled = fill_below(entry.position); !filled) return filled;
    return put(entry.position, Value::append(entry.bytes, entry.key));
  }

  // Ends with the record that makes it a member's.
  StoreResult<void> finish(Position end, WriteBatch initial) {
    if (auto filled = fill_below(end.next()); !filled) return filled;
    if (auto flushed = flush(); !flushed) return flushed;
    initial.metadata->promised = kBallot;
    return store_.write(initial);
  }

 private:
  static constexpr Ballot kBallot{1};

  StoreResult<void> fill_below(Position position) {
    while (next_ < position)
      if (auto done = put(next_, Value::nop()); !done) return done;
    return {};
  }

  StoreResult<void> put(Position position, Value value) {
    bytes_ += value.size();
    batch_.actions.push_back({.position = position,
                              .promised = kBallot,
                              .performed = kBallot,
                              .learned = true,
                              .value = std::move(value)});
    next_ = position.next();
    if (bytes_ < kBatchBytes && batch_.actions.size() < kBatchRecords) return {};
    return flush();
  }

  StoreResult<void> flush() {
    if (batch_.empty()) return {};
    bytes_ = 0;
    return store_.write(std::exchange(batch_, {}));
  }

  ReplicaStore& store_;
  Position next_;
  WriteBatch batch_;
  std::size_t bytes_ = 0;
};

StoreResult<void> fill_store(BackupReader& reader, const Config& config, ReplicaStore& store) {
  const BackupHead& head = reader.head();
  Restorer restorer(store, head.begin);
  while (true) {
    const auto entry = reader.next();
    if (!entry) return failed(StoreError::Kind::kCorrupt, entry.error());
    if (!*entry) return restorer.finish(head.end, initial_batch(config.node, head.begin));
    if (auto added = restorer.add(**entry); !added) return added;
  }
}

}  // namespace

StoreResult<void> restore(const std::string& file, const Config& config) {
  const auto wanted = restored_cluster(file);
  if (!wanted) return failed(StoreError::Kind::kCorrupt, wanted.error());
  if (config.cluster != *wanted) {
    return failed(StoreError::Kind::kForeign,
                  config.file + ": cluster.id: write id = " + std::to_string(*wanted) +
                      ", the id of what this backup makes; it is a new cluster, so that nobody "
                      "of the old one, and of no other backup, takes part in it");
  }
  auto reader = BackupReader::open(file);
  if (!reader) return failed(StoreError::Kind::kCorrupt, reader.error());
  const auto directory = DataDirectory::take(config);
  if (!directory) return tl::unexpected(directory.error());
  const auto store = make_store(*directory, config);
  const auto restored = store->open();
  if (!restored) return tl::unexpected(restored.error());
  if (restored->metadata.status != Status::kEmpty || restored->end) {
    return failed(
        StoreError::Kind::kForeign,
        directory->path() + ": holds a log already; restore into a directory that is not there");
  }
  return directory->fill([&] { return fill_store(**reader, config, *store); });
}

}  // namespace holdfast::real
