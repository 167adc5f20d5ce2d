#pragma once

// Positions as LevelDB keys, exactly as Mesos writes them: the number position + 1 in decimal, ten
// digits while it fits, else the letter 'A' and twenty digits.  Number 0 is the metadata record.
// 'A' sorts after every digit, so keys ascend with positions.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/types.h"

namespace holdfast::storage {

inline constexpr std::string_view kMetadataKey = "0000000000";

// The text of one key; holds its own bytes.
class RecordKey {
 public:
  // Requires: position <= Position::max().
  explicit RecordKey(Position position);

  std::string_view view() const { return {text_.data() + start_, text_.size() - start_}; }

 private:
  std::array<char, 21> text_;
  std::uint8_t start_;
};

// The position whose key `key` is; none for the metadata key and for anything that is no key.
std::optional<Position> position_of(std::string_view key);

// The key under which Mesos up to 1.11.0 stored `position`: from 2^31 - 1 on it wrapped around in
// 32 bits (MESOS-10216), so that keys collide and do not ascend.
std::string wrapped_key(Position position);

}  // namespace holdfast::storage
