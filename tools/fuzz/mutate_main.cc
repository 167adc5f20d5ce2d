// Runs an entry point of a fuzzing engine without the engine: every file of the corpus, random
// mutations of them, and noise, the same in each run.  NAME CORPUS-DIRECTORY MUTATIONS
//
// ./dev fuzz runs the same entry points under libFuzzer.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "protocol/env/hash.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using holdfast::mix;

// Draws keyed by (iteration, counter).
class Draw {
 public:
  explicit Draw(std::uint64_t key) : key_(key) {}

  std::uint64_t below(std::uint64_t bound) { return mix(key_, ++count_) % bound; }

 private:
  std::uint64_t key_;
  std::uint64_t count_ = 0;
};

void mutate(std::string& bytes, const std::vector<std::string>& seeds, Draw& draw) {
  const std::size_t at = bytes.empty() ? 0 : draw.below(bytes.size());
  switch (draw.below(6)) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << draw.below(8)));
      return;
    case 1:
      if (!bytes.empty()) bytes[at] = static_cast<char>(draw.below(256));
      return;
    case 2:
      bytes.insert(at, 1, static_cast<char>(draw.below(256)));
      return;
    case 3:
      if (!bytes.empty()) bytes.erase(at, 1 + draw.below(4));
      return;
    case 4:
      bytes.resize(at);
      return;
    default: {
      const std::string& other = seeds[draw.below(seeds.size())];
      if (other.empty()) return;
      bytes.insert(at, other.substr(draw.below(other.size()), 1 + draw.below(16)));
      return;
    }
  }
}

void run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::vector<std::string> corpus_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> all;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s CORPUS-DIRECTORY MUTATIONS\n", argv[0]);
    return 2;
  }
  const std::vector<std::string> seeds = corpus_of(argv[1]);
  if (seeds.empty()) {
    std::fprintf(stderr, "%s: there is nothing in %s\n", argv[0], argv[1]);
    return 2;
  }
  for (const std::string& seed : seeds)
    run(seed);
  const std::uint64_t mutations = std::stoull(argv[2]);
  for (std::uint64_t i = 0; i < mutations; ++i) {
    Draw draw(i);
    std::string bytes = seeds[draw.below(seeds.size())];
    for (std::uint64_t n = 1 + draw.below(4); n > 0; --n)
      mutate(bytes, seeds, draw);
    run(bytes);
  }
  // Noise, half as often as mutations.
  for (std::uint64_t i = 0; i < mutations / 2; ++i) {
    Draw draw(i);
    std::string bytes(draw.below(64), '\0');
    for (char& c : bytes)
      c = static_cast<char>(draw.below(256));
    run(bytes);
  }
  std::printf(
      "%zu files and %llu mutations\n", seeds.size(), static_cast<unsigned long long>(mutations));
}
