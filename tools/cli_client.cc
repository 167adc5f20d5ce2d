#include "tools/cli_client.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "real/client/client.h"
#include "real/ports/os_random.h"
#include "real/server/exit_code.h"

#include "tools/cli_call.h"
#include "tools/cli_status.h"

namespace holdfast::tools {
namespace {

using real::Client;
using real::ErrorKind;
using real::ExitCode;
using real::Failed;

struct AppendArguments : CommonArguments {
  std::string entry;
  std::string lines;
  std::string file;
  std::string key;
};

struct TruncateArguments : CommonArguments {
  std::uint64_t to = 0;
};

constexpr const char* kWriteFooter =
    "Exit codes: 0 done, 2 bad usage or configuration, 6 refused (nothing was written), 7 no "
    "quorum\n"
    "answered in time (nothing was written), 8 outcome unknown (it may be in the log, or come into "
    "it yet).";

// --- append

// Appends each entry under a key of its own, so that whatever becomes of the connection and of
// coordinators, it is in the log once.
class Appender {
 public:
  Appender(Client& client, Duration patience, IdempotencyKey first_key)
      : client_(client),
        patience_(patience),
        key_(first_key) {}

  // Prints the position, or complains.
  ExitCode append(std::string entry) {
    const auto position = client_.append(std::move(entry), patience_, key_);
    if (!position) {
      const int code = complain(position.error());
      if (position.error().kind == ErrorKind::kUnknown) {
        std::fprintf(stderr,
                     "holdfast: to append it once all the same, append it again with "
                     "--key %" PRIu64 ":%" PRIu64 "\n",
                     key_.client,
                     key_.sequence);
      }
      return static_cast<ExitCode>(code);
    }
    ++key_.sequence;
    std::printf("%" PRIu64 "\n", position->value);
    std::fflush(stdout);
    return ExitCode::kDone;
  }

 private:
  Client& client_;
  Duration patience_;
  IdempotencyKey key_;
};

// One that nobody has used.
IdempotencyKey new_key() {
  real::OsRandom random;
  return {random.draw(RandomStream::kWorkload), 1};
}

// "CLIENT:SEQUENCE", of which not both are 0.
std::optional<IdempotencyKey> parse_key(const std::string& text) {
  IdempotencyKey key;
  const char* const end = text.data() + text.size();
  const auto client = std::from_chars(text.data(), end, key.client);
  if (client.ec != std::errc() || client.ptr == end || *client.ptr != ':') return std::nullopt;
  const auto sequence = std::from_chars(client.ptr + 1, end, key.sequence);
  if (sequence.ec != std::errc() || sequence.ptr != end) return std::nullopt;
  return key == IdempotencyKey{} ? std::nullopt : std::optional(key);
}

int append_lines(Appender& appender, std::istream& in) {
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    const auto code = static_cast<int>(appender.append(std::exchange(line, {})));
    if (code == 0) continue;
    std::fprintf(stderr, "holdfast: stopped at line %zu; those before it are in the log\n", number);
    return code;
  }
  return 0;
}

int append_file(Appender& appender, const AppendArguments& arguments) {
  std::ifstream in(arguments.file, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  if (!in) return complain("--file: " + arguments.file + " cannot be read", ExitCode::kUsage);
  return static_cast<int>(appender.append(std::move(bytes)));
}

int append(const AppendArguments& arguments, const CLI::App& command) {
  const auto call = prepare(arguments);
  if (!call) return static_cast<int>(ExitCode::kUsage);
  const auto key = command.count("--key") == 0 ? new_key() : parse_key(arguments.key);
  if (!key) {
    return complain(
        "--key: '" + arguments.key + "' is not CLIENT:SEQUENCE, two numbers, not both 0",
        ExitCode::kUsage);
  }
  Client client(call->client);
  Appender appender(client, call->patience, *key);
  if (command.count("--file") != 0) return append_file(appender, arguments);
  if (command.count("ENTRY") != 0) return static_cast<int>(appender.append(arguments.entry));
  if (command.count("--lines") == 0 || arguments.lines == "-") {
    return append_lines(appender, std::cin);
  }
  std::ifstream in(arguments.lines, std::ios::binary);
  if (!in) return complain("--lines: " + arguments.lines + " cannot be read", ExitCode::kUsage);
  return append_lines(appender, in);
}

// --- truncate

int truncate(const TruncateArguments& arguments) {
  const auto call = prepare(arguments);
  if (!call) return static_cast<int>(ExitCode::kUsage);
  if (Position{arguments.to} > Position::max()) {
    return complain("--to: is no position", ExitCode::kUsage);
  }
  Client client(call->client);
  const auto position = client.truncate(Position{arguments.to}, call->patience);
  if (!position) return complain(position.error());
  std::printf("%" PRIu64 "\n", position->value);
  return 0;
}

void add_append(CLI::App& app, const std::function<void(int)>& done) {
  const auto arguments = std::make_shared<AppendArguments>();
  CLI::App* command = add_command(
      app, "append", "Append one entry, or one per line; print the position of each", *arguments);
  auto* entry =
      command->add_option("ENTRY", arguments->entry, "The entry (default: the lines of stdin)");
  auto* lines =
      command->add_option("--lines", arguments->lines, "A file of one entry per line; - is stdin");
  auto* file = command->add_option("--file", arguments->file, "A file that is one entry");
  command->add_option("--key",
                      arguments->key,
                      "CLIENT:SEQUENCE: appended only if the log has no entry of that key; further "
                      "lines take the next numbers");
  entry->excludes(lines)->excludes(file);
  lines->excludes(file);
  command->footer(kWriteFooter);
  command->callback([=] { done(append(*arguments, *command)); });
}

void add_truncate(CLI::App& app, const std::function<void(int)>& done) {
  const auto arguments = std::make_shared<TruncateArguments>();
  CLI::App* command = add_command(app, "truncate", "Forget the beginning of the log", *arguments);
  command->add_option("--to", arguments->to, "The first position to keep")->required();
  command->footer(kWriteFooter);
  command->callback([=] { done(truncate(*arguments)); });
}

void add_status(CLI::App& app, const std::function<void(int)>& done) {
  const auto arguments = std::make_shared<CommonArguments>();
  arguments->deadline = "1s";
  CLI::App* command = add_command(app, "status", "Show every member at a glance", *arguments);
  command->add_flag("--json", arguments->json, "Print one JSON object (docs/operations.md)");
  command->footer(
      "Exit codes: 0 a quorum votes, 2 bad usage or configuration, 7 no quorum that votes "
      "answered.");
  command->callback([=] {
    const auto call = prepare(*arguments);
    done(call ? show_status(*call, arguments->json) : static_cast<int>(ExitCode::kUsage));
  });
}

}  // namespace

void add_client_commands(CLI::App& app, const std::function<void(int exit_code)>& done) {
  add_append(app, done);
  add_truncate(app, done);
  add_status(app, done);
}

}  // namespace holdfast::tools
