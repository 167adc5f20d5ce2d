#include "tools/cli_backup.h"

#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "real/client/client.h"
#include "real/server/backup.h"
#include "real/server/exit_code.h"
#include "real/server/import_mesos.h"

#include "tools/cli_call.h"
#include "tools/cli_config.h"
#include "tools/cli_read.h"
#include "tools/progress_line.h"

namespace holdfast::tools {
namespace {

using real::BackupReader;
using real::BackupWriter;
using real::Client;
using real::ErrorKind;
using real::ExitCode;
using real::Failed;

constexpr const char* kBackupFooter =
    "The file holds all that was acknowledged to anybody before.  It is whole when it is there.\n"
    "Exit codes: 0 done, 2 bad usage or configuration, or the file cannot be written, 6 refused, "
    "7 no\nmember answered in time.";

constexpr const char* kRestoreFooter =
    "Makes the empty directory of a member of a NEW cluster; do it for each of its members, with "
    "the\nsame file.  The id of the new cluster comes from the file: the command says what to "
    "write.\nExit codes: 0 done, 2 bad usage or configuration, 3 the file is damaged, 4 the "
    "directory is not\nempty, or the id is another, 5 in use, 10 the disk failed, 11 it is full.";

constexpr const char* kImportFooter =
    "Stop all replicas of Mesos first, and import each into a member of its own: what they voted "
    "for\nstays voted for.  Exit codes: 0 done, 2 bad usage or configuration, 3 DIR is damaged, 4 "
    "it is no\nlog of Mesos, or the directory is not empty, 5 in use, 10 the disk failed, 11 it is "
    "full.";

// How often truncations may overtake a backup before it is given up.
constexpr int kAttempts = 5;

struct BackupArguments : CommonArguments {
  std::string output;
};

struct RestoreArguments {
  std::string config;
  std::string input;
};

int complain_of_file(const std::string& text) {
  return complain(text, ExitCode::kUsage);
}

// What could not be copied because a truncation was faster.
struct Overtaken {};

using Copied = tl::expected<int, Overtaken>;

// All of [begin, end] of one member; the exit code.
Copied copy(
    Client& client, NodeId member, const Call& call, BackupWriter& out, real::BackupHead range) {
  ProgressLine line;
  for (Position at = range.begin; at <= range.end;) {
    const auto page = client.read(member, {.from = at, .to = range.end}, call.patience);
    if (!page && page.error().kind == ErrorKind::kTruncated) return tl::unexpected(Overtaken());
    if (!page) return complain(page.error());
    for (const real::ReadEntry& entry : page->entries)
      if (const auto added = out.add(entry); !added) return complain_of_file(added.error());
    if (!page->next) break;
    at = *page->next;
    if (!line.is_due()) continue;
    const std::uint64_t all = range.end.value - range.begin.value + 1;
    line.show(fmt::format("backup: position {} of {}, {}%",
                          at.value,
                          range.end.value,
                          100 * (at.value - range.begin.value) / all));
  }
  if (const auto done = out.finish(); !done) return complain_of_file(done.error());
  return 0;
}

void report(const real::BackupHead& head,
            const BackupWriter& out,
            const std::string& file,
            bool json) {
  if (json) {
    const nlohmann::ordered_json said{{"schema", "holdfast/backup/1"},
                                      {"file", file},
                                      {"begin", head.begin.value},
                                      {"end", head.end.value},
                                      {"entries", out.entries()}};
    std::puts(said.dump().c_str());
    return;
  }
  std::printf("%" PRIu64 " entries of positions %" PRIu64 " to %" PRIu64 " in %s\n",
              out.entries(),
              head.begin.value,
              head.end.value,
              file.c_str());
}

Copied back_up_once(Client& client, const Call& call, const BackupArguments& arguments) {
  const auto member = choose_member(client, call);
  if (!member) return complain(member.error());
  const auto upto = client.catchup(*member, call.patience);
  if (!upto) return complain(upto.error());
  const auto status = client.status(*member, call.patience);
  if (!status) return complain(status.error());
  if (!*upto || **upto < status->begin) {
    return complain("the log is empty: there is nothing to back up", ExitCode::kRefused);
  }
  const real::BackupHead head{.cluster = call.config.cluster,
                              .log = call.config.log,
                              .cluster_name = call.config.cluster_name,
                              .begin = status->begin,
                              .end = **upto,
                              .taken = static_cast<std::uint64_t>(std::time(nullptr))};
  const auto out = BackupWriter::create(arguments.output, head);
  if (!out) return complain_of_file(out.error());
  auto copied = copy(client, *member, call, **out, head);
  if (copied && *copied == 0) report(head, **out, arguments.output, arguments.json);
  return copied;
}

int back_up(const BackupArguments& arguments) {
  const auto call = prepare(arguments);
  if (!call) return static_cast<int>(ExitCode::kUsage);
  Client client(call->client);
  for (int attempt = 0; attempt < kAttempts; ++attempt)
    if (const auto done = back_up_once(client, *call, arguments)) return *done;
  return complain("truncations were faster each time; try again when there are fewer",
                  ExitCode::kRefused);
}

int restore(const RestoreArguments& arguments) {
  const auto config = load_member_or_complain(arguments.config);
  if (!config) return static_cast<int>(ExitCode::kUsage);
  const auto reader = BackupReader::open(arguments.input);
  if (!reader) return complain(reader.error(), ExitCode::kDamaged);
  const auto made = real::restore(arguments.input, *config);
  if (!made) return complain(made.error().text, real::exit_code_of(made.error().kind));
  const real::BackupHead& head = (*reader)->head();
  std::printf("member %d of cluster %s holds positions %" PRIu64 " to %" PRIu64
              " of cluster %s, in %s\n",
              int{config->self->id.value},
              config->cluster_name.c_str(),
              head.begin.value,
              head.end.value,
              head.cluster_name.c_str(),
              config->self->data_directory.c_str());
  return 0;
}

int import(const RestoreArguments& arguments) {
  const auto config = load_member_or_complain(arguments.config);
  if (!config) return static_cast<int>(ExitCode::kUsage);
  const auto made = real::import_mesos(arguments.input, *config);
  if (!made) return complain(made.error().text, real::exit_code_of(made.error().kind));
  std::printf("member %d of cluster %s has the log of %s, in %s\n",
              int{config->self->id.value},
              config->cluster_name.c_str(),
              arguments.input.c_str(),
              config->self->data_directory.c_str());
  return 0;
}

}  // namespace

void add_backup_commands(CLI::App& app, const std::function<void(int)>& done) {
  const auto backup = std::make_shared<BackupArguments>();
  CLI::App* command = add_command(app, "backup", "Copy the log into a file", *backup);
  command->add_option("--output", backup->output, "A new file")->required();
  command->add_flag("--json", backup->json, "Say what was copied as one JSON object");
  command->footer(kBackupFooter);
  command->callback([=] { done(back_up(*backup)); });

  const auto restored = std::make_shared<RestoreArguments>();
  command = app.add_subcommand("restore", "Make a member of a new cluster from a backup");
  command->add_option("--config", restored->config, "The new member's configuration")->required();
  command->add_option("--input", restored->input, "What backup wrote")->required();
  command->footer(kRestoreFooter);
  command->callback([=] { done(restore(*restored)); });

  const auto imported = std::make_shared<RestoreArguments>();
  command = app.add_subcommand("import-mesos", "Make a member from the log of a Mesos replica");
  command->add_option("DIR", imported->input, "The replica's LevelDB directory; it is not changed")
      ->required();
  command->add_option("--config", imported->config, "The new member's configuration")->required();
  command->footer(kImportFooter);
  command->callback([=] { done(import(*imported)); });
}

}  // namespace holdfast::tools
