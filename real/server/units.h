#pragma once

// Lengths of time and sizes as people write them in a configuration.

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "protocol/env/time.h"

namespace holdfast::real {

// "250ms", "2s", "5m", "1h": a whole number and a unit (us, ms, s, m, h).  The error says what is
// wrong and how it is written.
tl::expected<Duration, std::string> parse_duration(std::string_view text);

// "512B", "256KiB", "4MiB", "1GiB": a whole number and a unit.
tl::expected<std::uint64_t, std::string> parse_size(std::string_view text);

}  // namespace holdfast::real
