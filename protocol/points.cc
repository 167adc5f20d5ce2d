#include "protocol/points.h"

namespace holdfast {

std::span<const PointInfo> points() {
  static constexpr PointInfo kPoints[] = {
#define HOLDFAST_POINT_INFO(name, text, rare) {#name, text, rare},
      HOLDFAST_POINTS(HOLDFAST_POINT_INFO)
#undef HOLDFAST_POINT_INFO
  };
  return kPoints;
}

}  // namespace holdfast
