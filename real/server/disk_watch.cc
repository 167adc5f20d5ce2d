#include "real/server/disk_watch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <sys/statvfs.h>

namespace holdfast::real {
namespace {

// Long against what it costs to look, short against how long a disk takes to write the reserve.
constexpr Duration kEvery = Duration::milliseconds(200);
// It is well again when so much more than the reserve is free: a quarter of it, but no more than
// this.
constexpr std::uint64_t kMarginMax = 64 << 20;

}  // namespace

DiskWatch::FreeBytes DiskWatch::free_bytes_of(std::string directory) {
  return [directory = std::move(directory)]() -> std::optional<std::uint64_t> {
    struct statvfs status {};
    if (::statvfs(directory.c_str(), &status) != 0) return std::nullopt;
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  };
}

DiskWatch::DiskWatch(EventLoop& loop, Journal& journal, std::uint64_t reserve, FreeBytes free_bytes)
    : loop_(loop),
      journal_(journal),
      reserve_(reserve),
      ask_(std::move(free_bytes)),
      timer_(loop, [this] { look(); }) {}

void DiskWatch::begin() {
  look();
}

void DiskWatch::look() {
  timer_.set(loop_.now() + kEvery);
  const auto free = ask_();
  // A disk that fails is noticed by whoever writes.
  if (!free) return;
  free_ = *free;
  const bool was_low = is_low_;
  const std::uint64_t margin = was_low ? std::min(reserve_ / 4, kMarginMax) : 0;
  is_low_ = free_ < reserve_ || free_ - reserve_ < margin;
  if (is_low_ == was_low) return;
  journal_.say(is_low_ ? Level::kError : Level::kInfo,
               is_low_ ? "disk_low" : "disk_well",
               {{"free_bytes", std::to_string(free_)},
                {"reserve_bytes", std::to_string(reserve_)},
                {"next",
                 is_low_ ? "appends are refused while this member coordinates; free space, or "
                           "truncate the log"
                         : "appends are taken again"}});
}

}  // namespace holdfast::real
