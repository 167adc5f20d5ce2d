#include "scenarios/script/driver.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "scenarios/script/command.h"

namespace holdfast::scenarios::script {
namespace {

using Lines = std::vector<std::string>;

constexpr std::string_view kDivider = "----";
// What a block puts out that has nothing to say.
constexpr std::string_view kNothingToSay = "ok";

struct CommandLine {
  int line;
  std::string text;
};

struct Block {
  // Comments and empty lines before and between the commands, and the commands, as they stand.
  Lines lead;
  std::vector<CommandLine> commands;
  int divider_line = 0;
  Lines expected;
};

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The blocks, and the comments after the last one.
struct File {
  std::vector<Block> blocks;
  Lines tail;
};

tl::expected<File, std::string> parse(std::string_view text) {
  File file;
  Block block;
  const Lines lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    const int number = static_cast<int>(i) + 1;
    if (line != kDivider) {
      block.lead.push_back(line);
      if (!line.empty() && line[0] != '#') block.commands.push_back({number, line});
      continue;
    }
    if (block.commands.empty()) {
      return tl::unexpected(fmt::format(
          "line {}: ---- without a command above it: write one, such as elect n1", number));
    }
    block.divider_line = number;
    while (i + 1 < lines.size() && !lines[i + 1].empty())
      block.expected.push_back(lines[++i]);
    file.blocks.push_back(std::exchange(block, {}));
  }
  if (!block.commands.empty()) {
    return tl::unexpected(fmt::format("line {}: a command without ---- below it: add the line",
                                      block.commands.back().line));
  }
  file.tail = std::move(block.lead);
  return file;
}

// Lines common to both stay, in the longest common order.
std::string diff_of(const Lines& expected, const Lines& actual) {
  const std::size_t rows = expected.size();
  const std::size_t columns = actual.size();
  std::vector<std::vector<std::size_t>> common(rows + 1, std::vector<std::size_t>(columns + 1));
  for (std::size_t i = rows; i-- > 0;) {
    for (std::size_t j = columns; j-- > 0;) {
      common[i][j] = expected[i] == actual[j] ? common[i + 1][j + 1] + 1
                                              : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string diff;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && expected[i] == actual[j]) {
      diff += "  " + expected[i++] + "\n";
      ++j;
    } else if (j == columns || (i < rows && common[i + 1][j] >= common[i][j + 1])) {
      diff += "- " + expected[i++] + "\n";
    } else {
      diff += "+ " + actual[j++] + "\n";
    }
  }
  return diff;
}

class Player {
 public:
  tl::expected<Play, std::string> play(const File& file) {
    for (const Block& block : file.blocks) {
      const auto actual = output_of(block);
      if (!actual) return tl::unexpected(actual.error());
      // After a block without output there may be no empty line yet.
      if (!play_.text.empty() && (block.lead.empty() || !block.lead[0].empty())) play_.text += "\n";
      write(block.lead);
      write({std::string(kDivider)});
      write(*actual);
      if (*actual != block.expected) {
        play_.mismatches.push_back({.line = block.divider_line,
                                    .command = block.commands.back().text,
                                    .diff = diff_of(block.expected, *actual)});
      }
    }
    write(file.tail);
    while (play_.text.ends_with("\n\n"))
      play_.text.pop_back();
    if (theatre_.stage != nullptr) {
      theatre_.stage->finish();
      take_violations();
    }
    return std::move(play_);
  }

 private:
  tl::expected<Lines, std::string> output_of(const Block& block) {
    Lines output;
    for (const CommandLine& command : block.commands) {
      try {
        run_command(theatre_, command.text);
      } catch (const ScriptError& error) {
        return tl::unexpected(fmt::format("line {}: {}", command.line, error.what()));
      }
      if (theatre_.stage != nullptr) {
        for (std::string& line : theatre_.stage->trace().take())
          output.push_back(std::move(line));
        take_violations();
      }
    }
    if (output.empty()) output.emplace_back(kNothingToSay);
    return output;
  }

  void take_violations() {
    for (std::string& violation : std::exchange(theatre_.violations, {}))
      play_.violations.push_back(std::move(violation));
    for (std::string& violation : theatre_.stage->new_violations())
      play_.violations.push_back(std::move(violation));
  }

  void write(const Lines& lines) {
    for (const std::string& line : lines)
      play_.text += line + "\n";
  }

  Theatre theatre_;
  Play play_;
};

}  // namespace

tl::expected<Play, std::string> play(std::string_view text) {
  const auto file = parse(text);
  if (!file) return tl::unexpected(file.error());
  return Player().play(*file);
}

std::string describe(const Play& play, std::string_view name) {
  std::string text;
  for (const std::string& violation : play.violations)
    text += fmt::format("{}: a judge objects: {}\n", name, violation);
  for (const Mismatch& each : play.mismatches) {
    text += fmt::format("{}:{}: `{}` went otherwise than expected (- expected, + came):\n{}",
                        name,
                        each.line,
                        each.command,
                        each.diff);
  }
  return text;
}

}  // namespace holdfast::scenarios::script
