#include "tools/sim_build.h"

#include <fmt/format.h>

#include "core_hash_value.h"

namespace holdfast::tools {

const char* version() {
  return HOLDFAST_VERSION;
}

std::uint64_t core_hash() {
  return HOLDFAST_CORE_HASH;
}

std::string hex16(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

std::string program_line() {
  return fmt::format("holdfast-sim {}, core {}", version(), hex16(core_hash()));
}

}  // namespace holdfast::tools
