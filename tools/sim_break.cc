#include "tools/sim_break.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gdb_script.h"
#include "tools/sim_text.h"
#include "tools/sim_trace.h"

namespace holdfast::tools {
namespace {

struct Debugged {
  scenarios::Cluster* cluster = nullptr;
  std::string event;
  // Keeps what was handed to gdb last.
  std::string answer;
};

Debugged debugged;

std::string state_of(const FiberInfo& fiber) {
  const std::string cancelled = fiber.cancelled ? ", cancelled" : "";
  if (fiber.state == FiberInfo::State::kRunning) return "running" + cancelled;
  if (fiber.put_away == nullptr) return "new" + cancelled;
  if (fiber.state == FiberInfo::State::kReady) return "ready" + cancelled;
  if (fiber.wakes == Instant::never()) return "waiting" + cancelled;
  return fmt::format("waiting until {}{}", seconds_text(fiber.wakes.ns()), cancelled);
}

// A line per fiber of every node that is up: "NODE ADDRESS STATE", where ADDRESS is
// FiberInfo::put_away, in hexadecimal, and STATE is for people.
std::string fibers_text(scenarios::Cluster& cluster) {
  std::string text;
  const auto nodes = static_cast<unsigned>(cluster.world().options().nodes);
  for (unsigned i = 0; i < nodes; ++i) {
    const NodeId id = sim::node_at(i);
    Node* const node = cluster.node(id);
    if (node == nullptr) continue;
    for (const FiberInfo& fiber : node->scheduler().list()) {
      text += fmt::format("{} {:#x} {}\n",
                          id.value,
                          reinterpret_cast<std::uintptr_t>(fiber.put_away),
                          state_of(fiber));
    }
  }
  return text;
}

// The arguments of this process.
std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> words;
  for (std::size_t at = 0; at < all.size(); at += words.back().size() + 1)
    words.emplace_back(all.c_str() + at);
  return words;
}

// The script as a file that gdb can read, and that nobody must delete; empty: what is wrong is in
// errno.
std::string script_path() {
  // Not closed by exec: gdb inherits it.
  const int file = ::memfd_create("holdfast.py", 0);
  if (file < 0) return "";
  std::string_view rest = kGdbScript;
  while (!rest.empty()) {
    const ssize_t written = ::write(file, rest.data(), rest.size());
    if (written <= 0) return "";
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return fmt::format("/proc/self/fd/{}", file);
}

std::string own_program() {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  return size <= 0 ? "" : std::string(path, static_cast<std::size_t>(size));
}

}  // namespace

// What gdb stops at and calls: plain names and plain values, since the debug information of our
// presets describes neither types nor variables.
#define HOLDFAST_FOR_GDB extern "C" [[gnu::noinline, gnu::used, gnu::visibility("default")]]

HOLDFAST_FOR_GDB void holdfast_sim_break() {
  // It must be called, although it does nothing.
  asm volatile("" : : : "memory");
}

HOLDFAST_FOR_GDB const char* holdfast_sim_event() {
  return debugged.event.c_str();
}

HOLDFAST_FOR_GDB const char* holdfast_sim_state() {
  debugged.answer = debugged.cluster == nullptr ? "" : state_text(*debugged.cluster);
  return debugged.answer.c_str();
}

HOLDFAST_FOR_GDB const char* holdfast_sim_fibers() {
  debugged.answer = debugged.cluster == nullptr ? "" : fibers_text(*debugged.cluster);
  return debugged.answer.c_str();
}

BreakPoint::~BreakPoint() {
  debugged = {};
}

void BreakPoint::attach(scenarios::Cluster& cluster) {
  debugged.cluster = &cluster;
}

void BreakPoint::on_event(const sim::TraceEvent& event) {
  last_ = event.sequence;
  if (event.sequence != event_) return;
  debugged.event = event_line(event);
  holdfast_sim_break();
}

std::string BreakPoint::problem() const {
  if (!debugged.event.empty()) return "";
  return fmt::format("--break-at {}: the run has no such event; the last one is {}", event_, last_);
}

std::string become_debugger() {
  const std::string script = script_path();
  if (script.empty()) return fmt::format("cannot hand gdb its script: {}", std::strerror(errno));
  const std::string program = own_program();
  const std::vector<std::string> own = own_arguments();
  if (program.empty() || own.empty()) {
    return "cannot read the command line from /proc, which has to be mounted";
  }
  const bool terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  // With a prompt people want their own settings; a test does not.
  std::vector<std::string> words{"gdb", "-q"};
  if (!terminal) words.insert(words.end(), {"-nx", "-batch"});
  words.insert(words.end(),
               {"-iex",
                "set debuginfod enabled off",
                "-iex",
                fmt::format("python holdfast_prompt = {}", terminal ? "True" : "False"),
                "-iex",
                fmt::format("python exec(open('{}').read())", script),
                "-ex",
                "holdfast-start",
                "--args",
                program});
  words.insert(words.end(), own.begin() + 1, own.end());
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // Of a traced process AddressSanitizer cannot look for leaks, and says so by dying.
  const char* const asan = std::getenv("ASAN_OPTIONS");
  const std::string options = (asan != nullptr ? std::string(asan) + ":" : "") + "detect_leaks=0";
  ::setenv("ASAN_OPTIONS", options.c_str(), 1);
  std::fflush(nullptr);
  ::execvp("gdb", arguments.data());
  const int error = errno;
  if (error == ENOENT) return "there is no gdb on this machine; install it (apt-get install gdb)";
  return fmt::format("gdb does not start: {}", std::strerror(error));
}

}  // namespace holdfast::tools
