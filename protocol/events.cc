#include "protocol/events.h"

namespace holdfast {

std::string_view event_name(EventKind kind) {
  switch (kind) {
#define HOLDFAST_EVENT_NAME(name, number, text) \
  case EventKind::name:                         \
    return text;
    HOLDFAST_EVENTS(HOLDFAST_EVENT_NAME)
#undef HOLDFAST_EVENT_NAME
  }
  return "?";
}

}  // namespace holdfast
