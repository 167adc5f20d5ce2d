#include "real/server/text_journal.h"

#include <algorithm>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

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
std::string in_quotes(std::string_view value) {
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
    out.append(fmt::format(" {}={}", field.name, in_quotes(field.value)));
  return out;
}

std::string TextJournal::json_line(std::string_view time,
                                   Level level,
                                   std::string_view event,
                                   const Fields& fields) {
  nlohmann::ordered_json out;
  if (!time.empty()) out["time"] = time;
  out["level"] = level_name(level);
  out["event"] = event;
  for (const Field& field : fields)
    out[std::string(field.name)] = field.value;
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void TextJournal::say(Level level, std::string_view event, const Fields& fields) {
  if (level < lowest_) return;
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto ms = now.time_since_epoch().count() % 1000;
  const std::string time = fmt::format(
      "{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms);
  const std::string text = json_ ? json_line(time, level, event, fields) + "\n"
                                 : fmt::format("time={} {}\n", time, line(level, event, fields));
  // One call, so that lines of several threads stay whole.
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace holdfast::real
