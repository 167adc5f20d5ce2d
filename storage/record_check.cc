#include "storage/record_check.h"

#include <utility>

#include "storage/key_format.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kShownBytes = 16;

std::string printable(std::string_view key) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : key.substr(0, 40)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return text;
}

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes.substr(0, kShownBytes)) {
    const auto byte = static_cast<std::uint8_t>(c);
    text.append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
  if (bytes.size() > kShownBytes) text += "...";
  return text;
}

}  // namespace

tl::unexpected<StoreError> RecordCheck::refuse(StoreError::Kind kind,
                                               std::string_view key,
                                               std::string_view why) const {
  std::string text = path_ + ": record " + printable(key) + ": ";
  text.append(why);
  return tl::unexpected(StoreError{kind, std::move(text)});
}

StoreResult<Entry> RecordCheck::misplaced(std::string_view key, Position position) const {
  if (key == wrapped_key(position)) {
    return refuse(StoreError::Kind::kForeign,
                  key,
                  "holds position " + std::to_string(position.value) +
                      " under a key that wrapped around: Mesos up to 1.11.0 computed keys in 32 "
                      "bits, so that from position 2147483647 on records went to wrong keys and "
                      "over others (MESOS-10216).  What is lost cannot be told from what never "
                      "was, so no release can trust this directory.  Keep it, and give this "
                      "member the directory of one that is sound; if all are like this, read what "
                      "they hold with the Mesos that wrote them and append it to a new log");
  }
  return refuse(StoreError::Kind::kCorrupt,
                key,
                "holds position " + std::to_string(position.value) + ", which has another key");
}

StoreResult<Entry> RecordCheck::judge(std::string_view key,
                                      std::string_view value,
                                      tl::expected<Record, CodecError> record) {
  const bool metadata_key = key == kMetadataKey;
  if (!record) {
    if (!metadata_key && !position_of(key)) {
      return refuse(StoreError::Kind::kForeign, key, "is not a key of a log");
    }
    return refuse(StoreError::Kind::kCorrupt,
                  key,
                  record.error().text + "; it has " + std::to_string(value.size()) +
                      " bytes and begins with " + hex(value));
  }
  if (auto* action = std::get_if<Action>(&*record)) {
    if (key != RecordKey(action->position).view()) return misplaced(key, action->position);
    return Entry(std::move(*action));
  }
  if (!metadata_key) {
    return refuse(position_of(key) ? StoreError::Kind::kCorrupt : StoreError::Kind::kForeign,
                  key,
                  "holds metadata, which has another key");
  }
  if (auto* metadata = std::get_if<Metadata>(&*record)) return Entry(std::move(*metadata));
  Metadata metadata;
  metadata.status = Status::kVoting;
  metadata.promised = std::get<LegacyPromise>(*record).promised;
  return Entry(std::move(metadata));
}

StoreResult<Entry> RecordCheck::whole(std::string_view key, std::string_view value) {
  return judge(key, value, codec_.decode_record(value, &mark_));
}

StoreResult<Entry> RecordCheck::outline(std::string_view key, std::string_view value) {
  return judge(key, value, codec_.outline_record(value, &mark_));
}

}  // namespace holdfast::storage
