#pragma once

#include <atomic>
#include <cstdio>

#include "real/ports/journal.h"

namespace holdfast::real {

struct LogOptions {
  // One JSON object a line, instead of name=value.
  bool json = false;
  Level lowest = Level::kInfo;
};

// One line per event: time (UTC), level, event, fields as name=value; values with anything but
// plain characters in quotes.  From any thread.
class TextJournal final : public Journal {
 public:
  // `out` outlives it.
  explicit TextJournal(std::FILE* out, LogOptions options = {})
      : out_(out),
        json_(options.json),
        lowest_(options.lowest) {}

  // Lower ones are not said.
  void set_level(Level lowest) { lowest_ = lowest; }

  void say(Level level, std::string_view event, const Fields& fields) override;

  // The line without its time: level=info event=NAME field=value.
  static std::string line(Level level, std::string_view event, const Fields& fields);

  // One JSON object, with `time` first if there is any.  What is no UTF-8 is replaced.
  static std::string json_line(std::string_view time,
                               Level level,
                               std::string_view event,
                               const Fields& fields);

 private:
  std::FILE* out_;
  bool json_;
  std::atomic<Level> lowest_;
};

}  // namespace holdfast::real
