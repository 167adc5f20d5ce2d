#pragma once

// Seeds from a commit: every commit plays seeds of its own, and whoever plays a commit again, on
// any machine, plays the same ones.

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace holdfast::tools {

// The id in lower case.  `text` is the whole id of a commit, 40 or 64 hexadecimal digits, since a
// shortened one would draw other seeds; or "ci": the CI system says it in a variable.  An error
// says why it is none and what to do.
tl::expected<std::string, std::string> find_commit(std::string_view text);

// XXH3-64 of the characters of the id, its lowest 24 bits cut off so that a seed can be typed.
// Never changes: reports of old runs name such seeds.
std::uint64_t first_seed_of(std::string_view id);

// GITHUB_ACTIONS is "true".
bool running_on_github();

}  // namespace holdfast::tools
