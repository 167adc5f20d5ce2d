#include "tools/cli_config.h"

#include <cstdio>
#include <utility>

namespace holdfast::tools {

std::optional<real::Config> load_or_complain(const std::string& file) {
  auto config = real::load_config(file);
  if (config) return std::move(*config);
  for (const real::ConfigError& error : config.error())
    std::fprintf(stderr, "holdfast: %s\n", error.to_text().c_str());
  return std::nullopt;
}

std::optional<real::Config> load_member_or_complain(const std::string& file) {
  auto config = load_or_complain(file);
  if (!config || config->self) return config;
  std::fprintf(
      stderr,
      "holdfast: %s: has no [member] table, so it is a client's; use the member's own file\n",
      file.c_str());
  return std::nullopt;
}

}  // namespace holdfast::tools
