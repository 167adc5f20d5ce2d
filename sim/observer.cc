#include "sim/observer.h"

#include "protocol/env/check.h"

namespace holdfast::sim {

std::string_view name_of(LifeMoment moment) {
  switch (moment) {
    case LifeMoment::kBooted:
      return "booted";
    case LifeMoment::kPowerLost:
      return "power lost";
    case LifeMoment::kKilled:
      return "killed";
    case LifeMoment::kStopped:
      return "stopped";
    case LifeMoment::kWiped:
      return "wiped";
    case LifeMoment::kResumed:
      return "resumed";
    case LifeMoment::kPaused:
      return "paused";
  }
  HOLDFAST_UNREACHABLE("a moment of a life without a name");
}

std::string_view name_of(FrameMoment moment) {
  switch (moment) {
    case FrameMoment::kSent:
      return "sent";
    case FrameMoment::kDelivered:
      return "delivered";
    case FrameMoment::kLost:
      return "lost";
    case FrameMoment::kCut:
      return "cut";
    case FrameMoment::kOverflowed:
      return "overflowed";
    case FrameMoment::kHeld:
      return "held";
    case FrameMoment::kDamaged:
      return "damaged";
    case FrameMoment::kDuplicated:
      return "duplicated";
    case FrameMoment::kReceiverDown:
      return "receiver down";
  }
  HOLDFAST_UNREACHABLE("a moment of a frame without a name");
}

}  // namespace holdfast::sim
