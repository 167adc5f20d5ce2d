// A configuration is written by hand, and may be anything.

#include <cstdint>
#include <string_view>

#include "protocol/env/check.h"

#include "real/server/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::real;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto config = parse_config(bytes, "/etc/holdfast.toml");
  if (config) {
    // What is taken is whole.
    HOLDFAST_CHECK(!config->members.empty());
    HOLDFAST_CHECK(config->node.invalid().empty());
    HOLDFAST_CHECK(config->member_frame_bytes_max() > config->node.entry_bytes_max);
    return 0;
  }
  HOLDFAST_CHECK(!config.error().empty());
  for (const ConfigError& error : config.error())
    HOLDFAST_CHECK(error.to_text().starts_with("/etc/holdfast.toml"));
  return 0;
}
