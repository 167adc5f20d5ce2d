// Names a build of the core: the hash of everything that decides how a run goes.  Run by the build.
//
//   core_hash ROOT HEADER DEPFILE
//
// The hash covers path and content of every .h, .cc and .proto file of the core's folders, but
// tests, benchmarks and fuzzers, and the model checker, which plays no seeds.  DEPFILE tells the
// build to come back when one of them changes, or when a folder gains or loses a file.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/env/hash.h"

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolders[] = {"protocol", "storage", "sim", "scenarios", "properties"};
constexpr std::string_view kLeftOut[] = {
    "sim/explore/", "scenarios/calibration/", "scenarios/explore/"};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "core_hash: %s\n", what.c_str());
  std::exit(1);
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) fail("cannot read " + path.string());
  return text.str();
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) fail("cannot write " + path.string());
}

// `path` is from the root.
bool belongs(const fs::path& path) {
  for (const std::string_view folder : kLeftOut)
    if (path.generic_string().starts_with(folder)) return false;
  const std::string extension = path.extension().string();
  if (extension != ".h" && extension != ".cc" && extension != ".proto") return false;
  const std::string stem = path.stem().string();
  return !stem.ends_with("_test") && !stem.ends_with("_bench") && !stem.ends_with("_fuzz");
}

struct Core {
  // From the root, sorted.
  std::vector<std::string> files;
  std::vector<std::string> folders;
};

Core list_core(const fs::path& root) {
  Core core;
  for (const std::string_view folder : kFolders) {
    core.folders.emplace_back(folder);
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string path = entry.path().lexically_relative(root).generic_string();
      if (entry.is_directory()) core.folders.push_back(path);
      if (entry.is_regular_file() && belongs(path)) core.files.push_back(path);
    }
  }
  std::sort(core.files.begin(), core.files.end());
  return core;
}

std::uint64_t hash_of(const fs::path& root, const Core& core) {
  std::string all;
  for (const std::string& path : core.files) {
    const std::string content = read(root / path);
    all += path + '\n' + std::to_string(content.size()) + '\n' + content;
  }
  return holdfast::hash_bytes(all);
}

std::string depfile_of(const fs::path& root, const fs::path& header, const Core& core) {
  std::string text = header.string() + ":";
  for (const auto* list : {&core.folders, &core.files})
    for (const std::string& path : *list)
      text += " \\\n  " + (root / path).string();
  return text + "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) fail("usage: core_hash ROOT HEADER DEPFILE");
  const fs::path root = argv[1];
  const fs::path header = argv[2];
  const Core core = list_core(root);
  char text[128];
  std::snprintf(text,
                sizeof text,
                "#pragma once\n#define HOLDFAST_CORE_HASH 0x%016llxULL\n",
                static_cast<unsigned long long>(hash_of(root, core)));
  // Untouched when nothing changed, so that nothing is compiled again.
  if (!fs::exists(header) || read(header) != text) write(header, text);
  write(argv[3], depfile_of(root, header, core));
}
