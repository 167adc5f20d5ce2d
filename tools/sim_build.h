#pragma once

// Which program this is.

#include <cstdint>
#include <string>

namespace holdfast::tools {

// "0.1.0"
const char* version();

// Names the build of the core by its sources (tools/core_hash.cc): two programs of one hash play
// the same runs.
std::uint64_t core_hash();

// 16 digits, as hashes and fingerprints are printed.
std::string hex16(std::uint64_t value);

// "holdfast-sim 0.1.0, core 5d0e0c1a2b3c4d5e"
std::string program_line();

}  // namespace holdfast::tools
