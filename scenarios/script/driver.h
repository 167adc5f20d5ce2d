#pragma once

// Golden traces: conversations of the protocol as text files (docs/golden-traces.md).
//
//   # what the story is about
//
//   cluster nodes=3
//   trace on
//   elect n1
//   ----
//   exact expected output
//
// A file is a list of blocks, apart by empty lines: comments, commands, "----", expected output.

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace holdfast::scenarios::script {

// A block whose output was not the expected one.
struct Mismatch {
  // Of the "----", from 1.
  int line = 0;
  // The block's last command.
  std::string command;
  // Lines that begin with "  " (the same), "- " (expected) or "+ " (what came instead).
  std::string diff;
};

struct Play {
  // The file as it should be: with the output that came.
  std::string text;
  std::vector<Mismatch> mismatches;
  // What the judges found: such a file is wrong whatever it expects.
  std::vector<std::string> violations;

  bool passed() const { return mismatches.empty() && violations.empty(); }
};

// Plays a whole file, given as text.  The error, for a file that makes no sense, names the line,
// what is wrong and what to write instead.
tl::expected<Play, std::string> play(std::string_view text);

// For people: every violation and mismatch, each line led by `name`.
std::string describe(const Play& play, std::string_view name);

}  // namespace holdfast::scenarios::script
