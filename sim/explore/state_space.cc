#include "sim/explore/state_space.h"

#include <fmt/format.h>

namespace holdfast::explore {

std::string StateSpace::text_of(Words state) const {
  return fmt::format("{}", fmt::join(state, " "));
}

std::string StateSpace::text_of(Words, EventName event) const {
  return fmt::format("event {}", event);
}

}  // namespace holdfast::explore
