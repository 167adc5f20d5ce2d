#include "real/server/text_journal.h"

#include <algorithm>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "protocol/env/check.h"

namespace holdfast::real {
namespace {

std::string_view level_name(Level level) {
  switch (level) {
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  HOLDFAST_UNREACHABLE("level");
}

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-_.:/+[]").find(c) != std::string_view::npos;
}

// What came over the network must not be able to forge a line.
std::string quoted(std::string_view value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain)) {
    return std::string(value);
  }
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out.append(fmt::format("\\x{:02x}", static_cast<unsigned char>(c)));
    } else {
      out.push_back(c);
    }
  }
  return out.append("\"");
}

}  // namespace

std::string TextJournal::line(Level level, std::string_view event, const Fields& fields) {
  std::string out = fmt::format("level={} event={}", level_name(level), event);
  for (const Field& field : fields)
    out.append(fmt::format(" {}={}", field.name, quoted(field.value)));
  return out;
}

void TextJournal::say(Level level, std::string_view event, const Fields& fields) {
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto ms = now.time_since_epoch().count() % 1000;
  const std::string text = fmt::format("time={:%Y-%m-%dT%H:%M:%S}.{:03}Z {}\n",
                                       fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                                       ms,
                                       line(level, event, fields));
  // One call, so that lines of several threads stay whole.
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace holdfast::real
