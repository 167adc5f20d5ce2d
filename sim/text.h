#pragma once

// How the values of options and faults are written and read, in plan files and in banners.  What
// is written reads back as exactly the same value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/env/time.h"

#include "sim/faults.h"

namespace holdfast::sim {

// A whole number of the largest unit that fits: "1500ms", "42us", "0s".
std::string format_duration(Duration duration);
std::optional<Duration> parse_duration(std::string_view text);

// Decimal, an optional '-', nothing around it.
std::optional<std::int64_t> parse_integer(std::string_view text);
// Decimal, or hexadecimal after 0x.
std::optional<std::uint64_t> parse_unsigned(std::string_view text);

// "nodes", "links", "key".
std::string_view group_name(GroupMeaning meaning);
std::string format_group(GroupMeaning meaning, std::uint64_t group);
std::optional<std::uint64_t> parse_group(GroupMeaning meaning, std::string_view text);

// "direction", "variant", "n", "rate", "share", "by".
std::string_view arg_name(ArgMeaning meaning);
std::string format_arg(ArgMeaning meaning, std::int64_t arg);
std::optional<std::int64_t> parse_arg(ArgMeaning meaning, std::string_view text);
// An example of a value, for error messages.
std::string_view arg_example(ArgMeaning meaning);

std::optional<Target> parse_target(std::string_view text);

}  // namespace holdfast::sim
