#pragma once

// Figures that others published of their models, which our search must reproduce before anybody
// believes what it says of our code.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/explore/search.h"

namespace holdfast::scenarios {

// A figure that is not given was not published, or depends on how a checker counts.
struct Figures {
  std::optional<std::uint64_t> states;
  // Beginnings and all transitions, also those to known states.
  std::optional<std::uint64_t> generated;
  // Of a breadth-first search: states on the longest of the shortest paths.
  std::optional<std::uint64_t> depth;
  // Classes of runs that differ only in the order of independent steps.
  std::optional<std::uint64_t> traces;
};

// What came of a model.
struct Count {
  explore::Ending ending = explore::Ending::kExhausted;
  Figures figures;
  std::string violation;
};

struct Calibration {
  std::string name;
  std::string model;   // what is counted, with the constants
  std::string source;  // where the figures are from
  Figures expected;
  std::function<Count(const explore::Limits&)> run;
};

// In the order in which they are best run: small ones first.
const std::vector<Calibration>& calibrations();

// Whether everything that is expected was found.
bool agrees(const Figures& expected, const Figures& found);

}  // namespace holdfast::scenarios
