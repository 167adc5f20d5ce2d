#pragma once

// Annotations of GitHub: lines of a log that it shows beside the source.

#include <cstdint>
#include <string>

namespace holdfast::tools {

// Whether they are printed.
enum class Annotate : std::uint8_t { kNo, kYes };

struct Annotation {
  enum class Level : std::uint8_t { kError, kWarning, kNotice };

  Level level = Level::kError;
  // FILE:LINE; whatever else it is shows beside no file.
  std::string place;
  std::string title;
  std::string text;
};

// A line of its own.
std::string to_string(const Annotation& annotation);

}  // namespace holdfast::tools
