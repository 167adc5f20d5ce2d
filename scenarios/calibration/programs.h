#pragma once

// Programs by which others measure how few orders of steps a checker needs to run.

#include <cstdint>
#include <memory>

#include "sim/explore/program.h"

namespace holdfast::scenarios {

// One process looks for a zero from the end of a[0..writers]; writer j sets a[j] to a[j - 1] + 1.
// Has 2^(writers - 2) * (writers + 3) traces (Abdulla et al., JACM 2017).
std::unique_ptr<explore::Program> last_zero(std::uint32_t writers);

// One process sets a variable, the others read it: 2^readers traces.
std::unique_ptr<explore::Program> readers(std::uint32_t readers);

// So many messages to each of the receivers, all in flight: (messages!)^receivers traces.
std::unique_ptr<explore::Program> deliveries(std::uint32_t messages, std::uint32_t receivers);

}  // namespace holdfast::scenarios
