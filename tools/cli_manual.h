#pragma once

// Manual pages and completions of our programs, from what they know of their own command lines.

#include <string>

#include <CLI/CLI.hpp>

namespace holdfast::tools {

struct Manual {
  // 1: commands; 8: for administrators.
  int section = 1;
  // A paragraph each, in plain words.
  std::string description;
  // Programs and files to see besides, as "holdfastd(8)".
  std::string see_also;
};

// In the language of man(7).
std::string man_page(const CLI::App& app, const Manual& manual);

// A file that bash reads: subcommands, options, and files where an option takes one.
std::string bash_completion(const CLI::App& app);

// Adds the hidden options --print-manual and --print-completion, which print these and end the
// program.
void add_manual(CLI::App& app, const Manual& manual);

}  // namespace holdfast::tools
