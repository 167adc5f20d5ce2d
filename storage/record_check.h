#pragma once

// One LevelDB entry against the rules of the format: used by the store and by the inspection.

#include <string>
#include <string_view>
#include <variant>

#include "protocol/codec/codec.h"
#include "protocol/replica_store.h"

namespace holdfast::storage {

// A legacy PROMISE record is already turned into the metadata it means.
using Entry = std::variant<Metadata, Action>;

class RecordCheck {
 public:
  // Both must outlive this.
  RecordCheck(const std::string& path, Codec& codec) : path_(path), codec_(codec) {}

  // kForeign: a key or record that no log has.  kCorrupt: one of ours that cannot be what was
  // written.  The text names key and directory.
  StoreResult<Entry> whole(std::string_view key, std::string_view value);

  // An empty payload stands for every append's.
  StoreResult<Entry> outline(std::string_view key, std::string_view value);

  // What the last of them that was an action's said besides.
  const RecordMark& mark() const { return mark_; }

 private:
  StoreResult<Entry> judge(std::string_view key,
                           std::string_view value,
                           tl::expected<Record, CodecError> record);
  tl::unexpected<StoreError> refuse(StoreError::Kind kind,
                                    std::string_view key,
                                    std::string_view why) const;
  StoreResult<Entry> misplaced(std::string_view key, Position position) const;

  const std::string& path_;
  Codec& codec_;
  RecordMark mark_;
};

}  // namespace holdfast::storage
