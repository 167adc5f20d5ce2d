#pragma once

// Where a program says what happens to it, for the operator: one line per event, with named fields.
// Nothing reads it back.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/env/time.h"

namespace holdfast::real {

// In this order: who wants to hear of one wants to hear of those that follow.
enum class Level : std::uint8_t {
  kInfo,
  kWarning,  // works on, but somebody should look
  kError,    // does not work
};

class Journal {
 public:
  struct Field {
    std::string_view name;
    std::string value;
  };

  using Fields = std::vector<Field>;

  virtual ~Journal() = default;

  // `event` is lower_case and stable: what people search for.
  virtual void say(Level level, std::string_view event, const Fields& fields) = 0;
};

// Lets one line per key and minute through, so that whoever knocks a thousand times fills no disk.
// Bounded: remembers the last 1024 keys at most, and lets none of the others through meanwhile.
class OncePerMinute {
 public:
  // How many lines of this key were held back since the last one that was let through; none: hold
  // this one back as well.
  bool allows(const std::string& key, Instant now, std::uint64_t& held_back);

 private:
  struct Seen {
    Instant said;
    std::uint64_t held_back = 0;
  };

  std::map<std::string, Seen> seen_;
};

}  // namespace holdfast::real
