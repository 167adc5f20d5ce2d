#include "tools/cli_directory.h"

#include <cstdio>
#include <memory>
#include <string>

#include <leveldb/env.h>

#include "real/server/data_directory.h"
#include "real/server/exit_code.h"
#include "storage/inspect.h"

#include "tools/cli_call.h"
#include "tools/cli_config.h"

namespace holdfast::tools {
namespace {

using real::ExitCode;
using storage::Detail;

constexpr const char* kInspectFooter =
    "Nothing in DIR is changed.  Exit codes: 0 sound, 2 bad usage, 3 damaged,\n"
    "4 not a log directory (or of an incompatible release), 5 in use.";

constexpr const char* kInitFooter =
    "Once per member, when the cluster is made, and never again: a member whose disk was lost is\n"
    "started with an empty directory instead (docs/operations.md).  Nothing is changed unless the\n"
    "directory is empty.  Exit codes: 0 done, 2 bad usage or configuration, 3 damaged, 4 not "
    "empty,\n"
    "or of another member, 5 in use, 6 the cluster is in use already, 10 the disk failed, 11 it is "
    "full.";

struct Request {
  std::string directory;
  bool json = false;
};

int inspect(const Request& request, Detail detail) {
  const auto inspection =
      storage::inspect(*leveldb::Env::Default(), request.directory, storage::posix_lock_probe);
  const std::string text = request.json ? to_json(inspection, detail) : to_text(inspection, detail);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return exit_code(inspection);
}

void add_inspection(CLI::App& app,
                    const char* name,
                    const char* what,
                    Detail detail,
                    const std::function<void(int)>& done) {
  const auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("DIR", request->directory, "The LevelDB directory of one replica")
      ->required();
  command->add_flag("--json", request->json, "Print one JSON object (docs/log_format.md)");
  command->footer(kInspectFooter);
  command->callback([=] { done(inspect(*request, detail)); });
}

// A member that votes and holds records proves that the log was in use before: an empty directory
// is then a lost one, and what it had promised must not be forgotten by a second initialisation.
std::string in_use_by(const real::Config& config, const real::ClientOptions& options) {
  constexpr Duration kPatience = Duration::seconds(1);
  real::Client client(options);
  for (const real::Config::Member& member : config.members) {
    if (member.id == config.self->id) continue;
    const auto status = client.status(member.id, kPatience);
    if (status && status->status == Status::kVoting && status->end) {
      return std::to_string(int{member.id.value});
    }
  }
  return "";
}

int init(const std::string& file) {
  const auto config = load_member_or_complain(file);
  if (!config) return static_cast<int>(ExitCode::kUsage);
  const auto client = config->client_options();
  if (!client) return complain("tls: " + client.error(), ExitCode::kUsage);
  if (const std::string other = in_use_by(*config, *client); !other.empty()) {
    std::fprintf(
        stderr,
        "holdfast: member %s votes already and its log is not empty, so this member is not new: "
        "start it as it is\n",
        other.c_str());
    return static_cast<int>(ExitCode::kRefused);
  }
  const auto made = real::initialise(*config);
  if (!made) {
    std::fprintf(stderr, "holdfast: %s\n", made.error().text.c_str());
    return static_cast<int>(real::exit_code_of(made.error().kind));
  }
  std::printf("initialised member %d of cluster %s in %s\n",
              int{config->self->id.value},
              config->cluster_name.c_str(),
              config->self->data_directory.c_str());
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_directory_commands(CLI::App& app, const std::function<void(int exit_code)>& done) {
  const auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("init", "Make the empty directory of a new member ready");
  command->add_option("--config", *file, "The member's configuration")->required();
  command->footer(kInitFooter);
  command->callback([=] { done(init(*file)); });
  add_inspection(app, "check", "Verify every file and record", Detail::kSummary, done);
  add_inspection(app, "dump", "Verify, and print every record", Detail::kRecords, done);
}

}  // namespace holdfast::tools
