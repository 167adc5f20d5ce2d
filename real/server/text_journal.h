#pragma once

#include <cstdio>

#include "real/ports/journal.h"

namespace holdfast::real {

// One line per event: time (UTC), level, event, fields as name=value; values with anything but
// plain characters in quotes.  From any thread.
class TextJournal final : public Journal {
 public:
  // `out` outlives it.
  explicit TextJournal(std::FILE* out) : out_(out) {}

  void say(Level level, std::string_view event, const Fields& fields) override;

  // The line without its time.
  static std::string line(Level level, std::string_view event, const Fields& fields);

 private:
  std::FILE* out_;
};

}  // namespace holdfast::real
