#include "storage/key_format.h"

#include <algorithm>
#include <cstdio>

namespace holdfast::storage {

namespace {

constexpr std::uint64_t kNarrowMax = 9'999'999'999;
constexpr std::size_t kNarrowDigits = 10;
constexpr std::size_t kWideDigits = 20;

// The number that `digits` spell, or none: not digits, or above 64 bits.
std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    if (__builtin_mul_overflow(number, 10, &number)) return std::nullopt;
    if (__builtin_add_overflow(number, static_cast<std::uint64_t>(c - '0'), &number)) {
      return std::nullopt;
    }
  }
  return number;
}

}  // namespace

RecordKey::RecordKey(Position position) {
  HOLDFAST_REQUIRE(position <= Position::max(), position);
  std::uint64_t number = position.value + 1;
  const bool wide = number > kNarrowMax;
  const std::size_t digits = wide ? kWideDigits : kNarrowDigits;
  for (std::size_t i = 1; i <= digits; ++i) {
    text_[text_.size() - i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  start_ = static_cast<std::uint8_t>(text_.size() - digits - (wide ? 1 : 0));
  if (wide) text_[0] = 'A';
}

std::optional<Position> position_of(std::string_view key) {
  std::optional<std::uint64_t> number;
  if (key.size() == kNarrowDigits) {
    number = number_of(key);
  } else if (key.size() == kWideDigits + 1 && key.front() == 'A') {
    number = number_of(key.substr(1));
    if (number && *number <= kNarrowMax) return std::nullopt;
  }
  if (!number || *number == 0) return std::nullopt;
  return Position{*number - 1};
}

std::string wrapped_key(Position position) {
  char text[32];
  const auto number = static_cast<std::int32_t>(static_cast<std::uint32_t>(position.value + 1));
  const int size = std::snprintf(text, sizeof text, "%.10d", number);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace holdfast::storage
