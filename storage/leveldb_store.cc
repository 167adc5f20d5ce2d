#include "storage/leveldb_store.h"

#include <utility>

#include "storage/key_format.h"
#include "storage/record_check.h"
#include "storage/restorer.h"

namespace holdfast::storage {

using leveldb::Slice;
using leveldb::Status;

namespace {

leveldb::ReadOptions read_options() {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  return options;
}

leveldb::WriteOptions synced() {
  leveldb::WriteOptions options;
  options.sync = true;
  return options;
}

Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view view(const Slice& text) {
  return {text.data(), text.size()};
}

}  // namespace

struct LevelDbStore::Erasing {
  Position bound;
  std::size_t records_max = 0;
  leveldb::WriteBatch batch;
  std::size_t records = 0;
  Position first;
  Position last;
};

LevelDbStore::LevelDbStore(leveldb::Env& env, std::string path, LevelDbOptions options)
    : env_(env),
      path_(std::move(path)),
      options_(options) {}

LevelDbStore::~LevelDbStore() = default;

StoreResult<void> LevelDbStore::alive() const {
  if (!dead_.load(std::memory_order_acquire)) return {};
  const std::lock_guard<std::mutex> guard(mutex_);
  StoreError error = *first_error_;
  error.text = "the store stopped at its first error: " + error.text;
  return tl::unexpected(std::move(error));
}

tl::unexpected<StoreError> LevelDbStore::die(StoreError error) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (!first_error_) first_error_ = error;
  dead_.store(true, std::memory_order_release);
  return tl::unexpected(std::move(error));
}

tl::unexpected<StoreError> LevelDbStore::die(const Status& status, std::string_view doing) {
  return die(store_error(status, path_, doing));
}

StoreResult<Restored> LevelDbStore::open() {
  HOLDFAST_REQUIRE(database_ == nullptr);
  auto database = Database::open(env_, path_, options_.database);
  if (!database) return die(std::move(database.error()));
  database_ = std::move(*database);
  auto restored = scan();
  if (!restored) return die(std::move(restored.error()));
  return restored;
}

StoreResult<Restored> LevelDbStore::scan() {
  const std::unique_ptr<leveldb::Iterator> it(database_->db().NewIterator(read_options()));
  Metadata metadata;
  Restorer restorer;
  RecordCheck check(path_, read_codec_);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    auto record = check.outline(view(it->key()), view(it->value()));
    if (!record) return tl::unexpected(std::move(record.error()));
    if (auto* stored = std::get_if<Metadata>(&*record)) {
      metadata = std::move(*stored);
    } else {
      restorer.add(std::get<Action>(*record), check.mark());
    }
  }
  if (!it->status().ok()) return tl::unexpected(store_error(it->status(), path_, "scanning it"));
  Restored restored = restorer.take(std::move(metadata));
  if (auto read = read_whole(restored.unlearned, check); !read) {
    return tl::unexpected(std::move(read.error()));
  }
  learned_.restore(restorer.votes(), restored.unlearned, restored.end, restorer.learned_below());
  erase_from_ = restored.first.value_or(Position::max()).value;
  return restored;
}

// Few, at most what was in flight: nearly every record is a vote until one above it says more.
StoreResult<void> LevelDbStore::read_whole(std::vector<Action>& outlines,
                                           RecordCheck& check) const {
  std::string value;
  for (Action& action : outlines) {
    if (!action.value || action.value->type != ValueType::kAppend) continue;
    const RecordKey key(action.position);
    const Status status = database_->db().Get(read_options(), slice(key.view()), &value);
    if (!status.ok()) return tl::unexpected(store_error(status, path_, "reading a vote"));
    auto record = check.whole(key.view(), value);
    if (!record) return tl::unexpected(std::move(record.error()));
    action = std::get<Action>(std::move(*record));
  }
  return {};
}

StoreResult<void> LevelDbStore::write(const WriteBatch& batch) {
  HOLDFAST_REQUIRE(database_ != nullptr && !batch.empty());
  if (auto ok = alive(); !ok) return ok;
  write_batch_.Clear();
  if (batch.metadata) {
    write_codec_.encode_record(*batch.metadata, value_);
    write_batch_.Put(slice(kMetadataKey), value_);
  }
  for (const auto& [action, mark] : learned_.plan(batch, {erase_from_})) {
    write_codec_.encode_record(*action, value_, mark);
    write_batch_.Put(slice(RecordKey(action->position).view()), value_);
  }
  const Status status = database_->db().Write(synced(), &write_batch_);
  if (!status.ok()) return die(status, "writing records");
  learned_.became_durable();
  for (const Action& action : batch.actions)
    lower_erase_from(action.position);
  return {};
}

StoreResult<std::vector<Action>> LevelDbStore::read(Position from,
                                                    Position to,
                                                    std::size_t bytes_max) {
  HOLDFAST_REQUIRE(database_ != nullptr);
  if (auto ok = alive(); !ok) return tl::unexpected(ok.error());
  std::vector<Action> found;
  if (from > to || from > Position::max()) return found;
  const RecordKey last(std::min(to, Position::max()));
  // Before anything is looked at: what replaces a vote may be learned in the same batch.
  const Position learned_below = learned_.durable_below();
  const std::unique_ptr<leveldb::Iterator> it(database_->db().NewIterator(read_options()));
  RecordCheck check(path_, read_codec_);
  std::size_t bytes = 0;
  for (it->Seek(slice(RecordKey(from).view())); it->Valid(); it->Next()) {
    if (view(it->key()) > last.view()) break;
    auto record = check.whole(view(it->key()), view(it->value()));
    if (!record) return die(std::move(record.error()));
    Action& action = found.emplace_back(std::move(std::get<Action>(*record)));
    action.learned = is_learned(action, check.mark(), learned_below);
    bytes += action.value ? action.value->size() : 0;
    if (bytes >= bytes_max) break;
  }
  if (!it->status().ok()) return die(it->status(), "reading records");
  return found;
}

Status LevelDbStore::collect(Position from, Erasing& erasing) {
  const RecordKey bound(erasing.bound);
  const std::unique_ptr<leveldb::Iterator> it(database_->db().NewIterator(read_options()));
  for (it->Seek(slice(RecordKey(from).view())); it->Valid(); it->Next()) {
    const std::string_view key = view(it->key());
    if (key >= bound.view() || erasing.records == erasing.records_max) break;
    const auto position = position_of(key);
    HOLDFAST_CHECK(position.has_value(), key);
    if (erasing.records == 0) erasing.first = *position;
    erasing.last = *position;
    ++erasing.records;
    erasing.batch.Delete(it->key());
  }
  return it->status();
}

StoreResult<std::size_t> LevelDbStore::erase_below(Position bound, std::size_t records_max) {
  HOLDFAST_REQUIRE(database_ != nullptr && records_max > 0);
  HOLDFAST_REQUIRE(bound <= Position::max(), bound);
  if (auto ok = alive(); !ok) return tl::unexpected(ok.error());
  std::uint64_t from = erase_from_;
  if (Position{from} >= bound) return 0;
  Erasing erasing;
  erasing.bound = bound;
  erasing.records_max = records_max;
  Status status = collect({from}, erasing);
  if (!status.ok()) return die(status, "looking for records to delete");
  if (erasing.records > 0) {
    status = database_->db().Write(synced(), &erasing.batch);
    if (!status.ok()) return die(status, "deleting records");
  }
  const Position next = erasing.records < records_max ? bound : erasing.last.next();
  // Unless a write below it came in meanwhile.
  erase_from_.compare_exchange_strong(from, next.value);
  compact_if_due(erasing);
  return erasing.records;
}

void LevelDbStore::lower_erase_from(Position position) {
  std::uint64_t from = erase_from_;
  while (position.value < from && !erase_from_.compare_exchange_weak(from, position.value)) {
  }
}

void LevelDbStore::compact_if_due(const Erasing& erased) {
  if (erased.records == 0) return;
  if (!compact_from_ || erased.first < *compact_from_) compact_from_ = erased.first;
  erased_since_compaction_ += erased.records;
  if (erased_since_compaction_ < options_.compact_after_erased) return;
  const RecordKey first(*compact_from_);
  const RecordKey last(erased.last);
  const Slice from = slice(first.view());
  const Slice to = slice(last.view());
  // It says nothing of errors, but LevelDB then refuses the next write.
  database_->db().CompactRange(&from, &to);
  erased_since_compaction_ = 0;
  compact_from_.reset();
}

}  // namespace holdfast::storage
