#pragma once

// Notices that a member's file system is about to be full, while there is still room for what must
// go on: votes, truncations, and the files that LevelDB writes to get rid of others.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "real/ports/event_loop.h"
#include "real/ports/journal.h"

namespace holdfast::real {

class DiskWatch {
 public:
  // Bytes that are free to this user; none: it cannot be known.
  using FreeBytes = std::function<std::optional<std::uint64_t>()>;

  // Of the file system that `directory` is in.
  static FreeBytes free_bytes_of(std::string directory);

  // Everything given outlives it.  A reserve of 0 is never low.
  DiskWatch(EventLoop& loop, Journal& journal, std::uint64_t reserve, FreeBytes free_bytes);

  // Looks now, and then every so often.
  void begin();

  // Less than the reserve was free when it looked last, and since then not so much more that it
  // would be low again at once.
  bool is_low() const { return is_low_; }

  std::uint64_t reserve() const { return reserve_; }

  // When it looked last.
  std::uint64_t free_bytes() const { return free_; }

 private:
  void look();

  EventLoop& loop_;
  Journal& journal_;
  std::uint64_t reserve_;
  FreeBytes ask_;
  Timer timer_;
  std::uint64_t free_ = 0;
  bool is_low_ = false;
};

}  // namespace holdfast::real
