#include "tools/sim_points.h"

#include <fmt/format.h>

#include "protocol/points.h"

namespace holdfast::tools {

std::string missed_points(const scenarios::PointCounts& points, Gate gate) {
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const PointInfo& point = holdfast::points()[i];
    if (points[i] != 0 || (point.rare && gate == Gate::kCommon)) continue;
    text += fmt::format("  {} ({})\n", point.text, point.name);
  }
  return text;
}

}  // namespace holdfast::tools
