#include "tools/sim_points.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "protocol/points.h"

namespace holdfast::tools {

namespace {

bool is_default(const scenarios::Scenario& scenario) {
  return scenario.name == scenarios::scenarios().front().name;
}

bool contains(std::span<const Point> points, Point point) {
  return std::find(points.begin(), points.end(), point) != points.end();
}

bool of_another(Point point) {
  const auto all = scenarios::scenarios();
  return std::any_of(all.begin(), all.end(), [&](const scenarios::Scenario& each) {
    return contains(each.reaches, point);
  });
}

template <typename Wanted>
std::string missed(const scenarios::PointCounts& points, Wanted wanted) {
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i] != 0 || !wanted(static_cast<Point>(i))) continue;
    const PointInfo& point = holdfast::points()[i];
    text += fmt::format("  {} ({})\n", point.text, point.name);
  }
  return text;
}

}  // namespace

std::string missed_points(const scenarios::PointCounts& points) {
  return missed(points, [](Point point) {
    return !holdfast::points()[static_cast<std::size_t>(point)].rare;
  });
}

std::string missed_points(const scenarios::PointCounts& points,
                          const scenarios::Scenario& scenario) {
  return missed(points, [&](Point point) {
    return is_default(scenario) ? !of_another(point) : contains(scenario.reaches, point);
  });
}

std::uint64_t seeds_to_reach(const scenarios::Scenario& scenario) {
  return is_default(scenario) ? 100'000 : 10'000;
}

}  // namespace holdfast::tools
