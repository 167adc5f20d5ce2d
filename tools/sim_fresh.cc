#include "tools/sim_fresh.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/text.h"

#include "tools/sim_files.h"

namespace holdfast::tools {
namespace {

using Error = tl::unexpected<std::string>;

// A file that goes when this goes.
class TemporaryFile {
 public:
  TemporaryFile()
      : path_((std::filesystem::temp_directory_path() / "holdfast-events-XXXXXX").string()) {
    const int file = ::mkstemp(path_.data());
    if (file >= 0) ::close(file);
  }

  ~TemporaryFile() { ::unlink(path_.c_str()); }

  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string read_all(int file) {
  std::string text;
  char bytes[4096];
  while (true) {
    const ssize_t got = ::read(file, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(bytes, static_cast<std::size_t>(got));
  }
}

// Starts this program anew; its standard output becomes `output`, its standard error is dropped.
std::optional<pid_t> spawn(const std::vector<std::string>& arguments, int output) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // A group of its own: Ctrl-C is for whoever waits for it.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int problem =
      ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), ::environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) return std::nullopt;
  return pid;
}

// What a new process prints; exit codes that tell of a failed run are as good as 0.
tl::expected<std::string, std::string> output_of(const std::vector<std::string>& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error("cannot make a pipe");
  const std::optional<pid_t> pid = spawn(arguments, ends[1]);
  ::close(ends[1]);
  const std::string text = pid ? read_all(ends[0]) : "";
  ::close(ends[0]);
  if (!pid) return Error(std::string("cannot start a new process: ") + std::strerror(errno));
  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    return Error("the new process died of signal " + std::to_string(WTERMSIG(status)));
  }
  return text;
}

std::vector<std::string> replay_arguments(const FreshRun& run) {
  std::vector<std::string> arguments{"holdfast-sim", "replay", run.what, "--quiet"};
  arguments.insert(arguments.end(), run.arguments.begin(), run.arguments.end());
  return arguments;
}

}  // namespace

tl::expected<std::uint64_t, std::string> fingerprint_afresh(const FreshRun& run) {
  const auto output = output_of(replay_arguments(run));
  if (!output) return Error(output.error());
  constexpr std::string_view kWord = "fingerprint ";
  const std::size_t at = output->find(kWord);
  if (at == std::string::npos) {
    return Error("the new process found no fingerprint, but printed: " + *output);
  }
  const auto value = sim::parse_unsigned("0x" + output->substr(at + kWord.size(), 16));
  if (!value) return Error("the new process printed no fingerprint: " + *output);
  return *value;
}

tl::expected<sim::EventLog, std::string> events_afresh(const FreshRun& run) {
  const TemporaryFile file;
  std::vector<std::string> arguments = replay_arguments(run);
  arguments.insert(arguments.end(), {"--save-events", file.path()});
  const auto output = output_of(arguments);
  if (!output) return Error(output.error());
  const auto bytes = read_file(file.path());
  if (!bytes) return Error(bytes.error());
  return sim::EventLog::load(*bytes);
}

}  // namespace holdfast::tools
