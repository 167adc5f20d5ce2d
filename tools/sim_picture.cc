#include "tools/sim_picture.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

// Enough for a story, and a page that opens at once.
constexpr std::uint64_t kEventsAround = 2'000;

std::string example_window(const Picture& picture) {
  const std::uint64_t last = picture.last_sequence.value_or(0);
  const std::uint64_t middle =
      picture.result.found.empty() ? last : picture.result.found.front().event;
  return fmt::format("--from {} --to {}",
                     middle > kEventsAround ? middle - kEventsAround : 0,
                     std::min(middle + kEventsAround / 10, last));
}

}  // namespace

std::string Picture::title() const {
  return subject.empty() ? fmt::format("{} seed {}", scenario, seed) : subject;
}

std::string problem_of(const Picture& picture) {
  const auto beyond = [&](std::uint64_t event) {
    return !picture.last_sequence || event > *picture.last_sequence;
  };
  const auto no_event = [&](std::string_view flag, std::uint64_t event) {
    return fmt::format("{} {}: the run has no such event; {}",
                       flag,
                       event,
                       picture.last_sequence
                           ? fmt::format("the last one is {}", *picture.last_sequence)
                           : "it has none at all");
  };
  const PictureWindow& window = picture.window;
  if (window.from > 0 && beyond(window.from)) return no_event("--from", window.from);
  if (window.to && beyond(*window.to)) return no_event("--to", *window.to);
  if (picture.fits()) return {};
  return fmt::format(
      "the picture would have {} lines, and a page holds {}; show a part of the run, "
      "such as {}, or stop earlier with --until EVENT",
      grouped(picture.rows_seen),
      grouped(Picture::kRowsMax),
      example_window(picture));
}

std::string_view name_of(PictureGroup group) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(PictureGroup::kCount)> kNames{
      "promise",
      "vote",
      "propose",
      "choose",
      "learn",
      "refuse",
      "election",
      "recovery",
      "truncation",
      "life",
      "client",
      "fault",
      "frame",
      "point"};
  return kNames[static_cast<std::size_t>(group)];
}

std::string_view name_of(PictureMessage::Fate fate) {
  using Fate = PictureMessage::Fate;
  switch (fate) {
    case Fate::kUnderWay:
      return "under way";
    case Fate::kDelivered:
      return "delivered";
    case Fate::kLost:
      return "lost";
    case Fate::kCut:
      return "cut";
    case Fate::kOverflowed:
      return "overflowed";
    case Fate::kReceiverDown:
      return "receiver down";
  }
  return "unknown fate";
}

std::string_view name_of(PictureSpan::Kind kind) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(PictureSpan::Kind::kCount)>
      kNames{"fault", "operation", "candidacy", "reign", "catch-up"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace holdfast::tools
