#include "scenarios/explore/disk_image.h"

#include <utility>

#include "protocol/env/check.h"

#include "protocol/codec/codec.h"

#include "storage/restorer.h"

namespace holdfast::scenarios {
namespace {

constexpr std::size_t kLengthBytes = 4;

void append_record(std::string& out, const std::string& record) {
  for (unsigned i = 0; i < kLengthBytes; ++i)
    out += static_cast<char>(record.size() >> (8 * i));
  out += record;
}

tl::unexpected<StoreError> refusal() {
  return tl::unexpected(
      StoreError{StoreError::Kind::kIo, "the disk that is explored refuses a change"});
}

}  // namespace

explore::Image DiskImage::bytes() const {
  Codec codec;
  explore::Image all;
  std::string record;
  if (metadata) {
    codec.encode_record(*metadata, record);
    append_record(all, record);
  }
  for (const auto& [position, action] : records) {
    codec.encode_record(action, record);
    append_record(all, record);
  }
  return all;
}

DiskImage DiskImage::of(const explore::Image& bytes) {
  Codec codec;
  DiskImage disk;
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t length = 0;
    for (unsigned i = 0; i < kLengthBytes; ++i)
      length |= std::size_t{static_cast<unsigned char>(bytes.at(at + i))} << (8 * i);
    at += kLengthBytes;
    auto record = codec.decode_record(std::string_view(bytes).substr(at, length));
    HOLDFAST_REQUIRE(record.has_value(), record ? std::string() : record.error().text);
    if (auto* action = std::get_if<Action>(&*record)) {
      disk.records.emplace(action->position, std::move(*action));
    } else {
      disk.metadata = std::get<Metadata>(std::move(*record));
    }
    at += length;
  }
  return disk;
}

void DiskImage::apply(const WriteBatch& batch) {
  if (batch.metadata) metadata = batch.metadata;
  for (const Action& action : batch.actions)
    records.insert_or_assign(action.position, action);
}

const std::vector<explore::Image>& CheckedStore::survivors() const {
  if (survivors_.empty()) survivors_ = made_survivors();
  return survivors_;
}

std::vector<explore::Image> CheckedStore::made_survivors() const {
  DiskImage disk = disk_;
  std::vector<explore::Image> all{disk.bytes()};
  for (auto erased = unsynced_.rbegin(); erased != unsynced_.rend(); ++erased) {
    for (const Action& action : *erased)
      disk.records.try_emplace(action.position, action);
    all.push_back(disk.bytes());
  }
  return all;
}

void CheckedStore::add_state(StateHash& hash) const {
  for (const explore::Image& image : survivors())
    hash.add(image);
  if (refuses_) hash.add(std::uint64_t{*refuses_});
}

void CheckedStore::note(const StoreChange& change) {
  if (trace_ != nullptr) place_ = trace_->add(place_, change);
}

StoreResult<Restored> CheckedStore::open() {
  note({.kind = StoreChange::Kind::kOpen, .image = disk_.bytes(), .batch = {}, .bound = {}});
  storage::Restorer restorer;
  for (const auto& [position, action] : disk_.records)
    restorer.add(action);
  return restorer.take(disk_.metadata.value_or(Metadata{}));
}

StoreResult<void> CheckedStore::write(const WriteBatch& batch) {
  HOLDFAST_REQUIRE(!batch.empty());
  const std::optional<bool> refused = take_refusal();
  if (refused == false) return refusal();
  note({.kind = StoreChange::Kind::kWrite, .image = {}, .batch = batch, .bound = {}});
  disk_.apply(batch);
  unsynced_.clear();
  survivors_.clear();
  if (refused) return refusal();
  return {};
}

StoreResult<std::vector<Action>> CheckedStore::read(Position from,
                                                    Position to,
                                                    std::size_t bytes_max) {
  std::vector<Action> found;
  std::size_t bytes = 0;
  for (auto it = disk_.records.lower_bound(from); it != disk_.records.end(); ++it) {
    if (it->first > to || (!found.empty() && bytes >= bytes_max)) break;
    found.push_back(it->second);
    bytes += it->second.value ? it->second.value->size() : 0;
  }
  return found;
}

StoreResult<std::size_t> CheckedStore::erase_below(Position bound, std::size_t records_max) {
  const std::optional<bool> refused = take_refusal();
  if (refused == false) return refusal();
  std::vector<Action> erased;
  auto it = disk_.records.begin();
  while (it != disk_.records.end() && it->first < bound && erased.size() < records_max) {
    erased.push_back(std::move(it->second));
    it = disk_.records.erase(it);
  }
  const std::size_t count = erased.size();
  if (count > 0) {
    unsynced_.push_back(std::move(erased));
    survivors_.clear();
    note({.kind = StoreChange::Kind::kErase,
          .image = {},
          .batch = {},
          .bound = bound,
          .records_max = records_max});
  }
  if (refused) return refusal();
  return count;
}

}  // namespace holdfast::scenarios
