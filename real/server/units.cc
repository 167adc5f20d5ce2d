#include "real/server/units.h"

#include <charconv>
#include <limits>
#include <span>

namespace holdfast::real {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr Unit kTimes[] = {{"us", 1'000},
                           {"ms", 1'000'000},
                           {"s", 1'000'000'000},
                           {"m", 60'000'000'000},
                           {"h", 3'600'000'000'000}};
constexpr Unit kSizes[] = {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

tl::expected<std::int64_t, std::string> parse(std::string_view text,
                                              std::span<const Unit> units,
                                              std::string_view how) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  const std::string_view name(stopped, static_cast<std::size_t>(end - stopped));
  for (const Unit& unit : units) {
    if (error != std::errc() || number < 0 || unit.name != name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) break;
    return number * unit.factor;
  }
  return tl::unexpected("\"" + std::string(text) + "\" is none; write " + std::string(how));
}

}  // namespace

tl::expected<Duration, std::string> parse_duration(std::string_view text) {
  const auto ns =
      parse(text, kTimes, "a whole number and us, ms, s, m or h, like \"250ms\" or \"10s\"");
  if (!ns) return tl::unexpected(ns.error());
  return Duration::nanoseconds(*ns);
}

tl::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  const auto bytes = parse(text, kSizes, "a whole number and B, KiB, MiB or GiB, like \"512KiB\"");
  if (!bytes) return tl::unexpected(bytes.error());
  return static_cast<std::uint64_t>(*bytes);
}

}  // namespace holdfast::real
