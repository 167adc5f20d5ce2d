#include "real/ports/journal.h"

namespace holdfast::real {
namespace {

constexpr std::size_t kKeysMax = 1024;
constexpr Duration kPause = Duration::seconds(60);

}  // namespace

bool OncePerMinute::allows(const std::string& key, Instant now, std::uint64_t& held_back) {
  const auto found = seen_.find(key);
  if (found != seen_.end()) {
    if (now - found->second.said < kPause) {
      ++found->second.held_back;
      return false;
    }
    held_back = std::exchange(found->second, Seen{now, 0}).held_back;
    return true;
  }
  if (seen_.size() >= kKeysMax) {
    std::erase_if(seen_, [now](const auto& entry) { return now - entry.second.said >= kPause; });
    if (seen_.size() >= kKeysMax) return false;
  }
  seen_.emplace(key, Seen{now, 0});
  held_back = 0;
  return true;
}

}  // namespace holdfast::real
