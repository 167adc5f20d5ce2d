#include "tools/sim_annotations.h"

#include <string_view>

#include <fmt/format.h>

#include "protocol/env/check.h"

#include "tools/sim_failure.h"

namespace holdfast::tools {
namespace {

// What would end the message, or a property of the command, is written as %XX
// (https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions).
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string message_of(std::string_view text) {
  return escaped(text, "%\r\n");
}

std::string property_of(std::string_view text) {
  return escaped(text, "%\r\n:,");
}

std::string_view name_of(Annotation::Level level) {
  switch (level) {
    case Annotation::Level::kError:
      return "error";
    case Annotation::Level::kWarning:
      return "warning";
    case Annotation::Level::kNotice:
      return "notice";
  }
  HOLDFAST_UNREACHABLE("level of an annotation");
}

}  // namespace

std::string to_string(const Annotation& annotation) {
  const auto place = source_line_of(annotation.place);
  return fmt::format(
      "::{} {}title={}::{}\n",
      name_of(annotation.level),
      place ? fmt::format("file={},line={},", property_of(place->file), place->line) : "",
      property_of(annotation.title),
      message_of(annotation.text));
}

}  // namespace holdfast::tools
