#include "tools/explore_resume.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "protocol/env/hash.h"

#include "tools/sim_build.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "holdfast-exploration 1\n";
constexpr std::size_t kStateBytes = 16;
constexpr std::size_t kLineMax = 1 << 16;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

using File = std::unique_ptr<std::FILE, Close>;

using Packed = std::array<std::uint64_t, 2>;
static_assert(sizeof(Packed) == kStateBytes);

class Checksum {
 public:
  void add(const Packed& state) { value_ = mix(mix(value_, state[0]), state[1]); }

  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0x9e3779b97f4a7c15ULL;
};

std::string failed(const std::string& path, const char* what) {
  return fmt::format("'{}' {}: {}", path, what, std::strerror(errno));
}

std::string hex_of(const explore::Fingerprint& sum) {
  return hex16(sum.high) + hex16(sum.low);
}

explore::Fingerprint sum_of(const std::string& text) {
  return {.high = std::stoull(text.substr(0, 16), nullptr, 16),
          .low = std::stoull(text.substr(16), nullptr, 16)};
}

std::string header_of(const ExplorationFile& file) {
  const explore::Closed& closed = file.closed;
  const Json json = {{"what", Json::parse(file.what)},
                     {"real_ns", file.real_ns},
                     {"sessions", file.sessions},
                     {"states", closed.states},
                     {"transitions", closed.transitions},
                     {"terminals", closed.terminals},
                     {"terminals_sum", hex_of(closed.terminals_sum)},
                     {"depth", closed.depth}};
  return std::string(kMagic) + json.dump() + "\n";
}

// Throws what nlohmann_json does when something is missing.
ExplorationFile file_of(const Json& json) {
  return {.what = json.at("what").dump(),
          .real_ns = json.at("real_ns").get<std::int64_t>(),
          .sessions = json.at("sessions").get<std::uint64_t>(),
          .closed = {.states = json.at("states").get<std::uint64_t>(),
                     .transitions = json.at("transitions").get<std::uint64_t>(),
                     .terminals = json.at("terminals").get<std::uint64_t>(),
                     .terminals_sum = sum_of(json.at("terminals_sum").get<std::string>()),
                     .depth = json.at("depth").get<std::uint64_t>()}};
}

// The first thing that is not the same.
std::string difference(const std::string& there, const std::string& here) {
  const Json was = Json::parse(there);
  const Json wanted = Json::parse(here);
  for (const auto& [name, value] : wanted.items()) {
    const Json before = was.value(name, Json());
    if (before != value) return fmt::format("{} {}, not {}", name, before.dump(), value.dump());
  }
  return {};
}

class Reader final : public ExplorationReader {
 public:
  Reader(File stream, ExplorationFile file) : stream_(std::move(stream)), file_(std::move(file)) {}

  const ExplorationFile& file() const override { return file_; }

  bool next(explore::Fingerprint& state) override {
    Packed packed;
    if (read_ == file_.closed.states) return false;
    if (std::fread(packed.data(), kStateBytes, 1, stream_.get()) != 1) return false;
    ++read_;
    state = {.high = packed[0], .low = packed[1]};
    return true;
  }

  // Leaves the stream where the states begin.
  bool is_whole() {
    const long begin = std::ftell(stream_.get());
    Checksum checksum;
    Packed packed;
    for (std::uint64_t i = 0; i < file_.closed.states; ++i) {
      if (std::fread(packed.data(), kStateBytes, 1, stream_.get()) != 1) return false;
      checksum.add(packed);
    }
    std::uint64_t stored = 0;
    const bool read = std::fread(&stored, sizeof stored, 1, stream_.get()) == 1;
    const bool at_end = read && std::fgetc(stream_.get()) == EOF;
    return at_end && stored == checksum.value() && std::fseek(stream_.get(), begin, SEEK_SET) == 0;
  }

 private:
  File stream_;
  ExplorationFile file_;
  std::uint64_t read_ = 0;
};

}  // namespace

std::string write_exploration(const std::string& path,
                              const ExplorationFile& file,
                              const explore::ForEachClosed& for_each) {
  const std::string unfinished = path + ".tmp";
  File stream(std::fopen(unfinished.c_str(), "wb"));
  if (!stream) return failed(unfinished, "cannot be written");
  const std::string header = header_of(file);
  bool written = std::fwrite(header.data(), header.size(), 1, stream.get()) == 1;
  Checksum checksum;
  for_each([&](const explore::Fingerprint& state) {
    const Packed packed{state.high, state.low};
    checksum.add(packed);
    written = written && std::fwrite(packed.data(), kStateBytes, 1, stream.get()) == 1;
  });
  const std::uint64_t sum = checksum.value();
  written = written && std::fwrite(&sum, sizeof sum, 1, stream.get()) == 1 &&
            std::fflush(stream.get()) == 0 && ::fsync(::fileno(stream.get())) == 0;
  if (!written) {
    std::string problem = failed(unfinished, "cannot be written");
    std::remove(unfinished.c_str());
    return problem;
  }
  stream.reset();
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) return failed(path, "cannot be replaced");
  return {};
}

tl::expected<std::unique_ptr<ExplorationReader>, std::string> ExplorationReader::open(
    const std::string& path, const std::string& what) {
  File stream(std::fopen(path.c_str(), "rb"));
  if (!stream) return tl::unexpected(failed(path, "cannot be read"));
  std::string line(kLineMax, '\0');
  const auto read_line = [&] {
    return std::fgets(line.data(), static_cast<int>(line.size()), stream.get()) != nullptr;
  };
  if (!read_line() || line.c_str() != kMagic) {
    return tl::unexpected(
        fmt::format("'{}' is no exploration that was stopped: it does not begin with '{}'",
                    path,
                    kMagic.substr(0, kMagic.size() - 1)));
  }
  const auto damaged = [&] {
    return tl::unexpected(
        fmt::format("'{}' is damaged, or was cut off: remove it, and begin anew", path));
  };
  if (!read_line()) return damaged();
  ExplorationFile file;
  try {
    file = file_of(Json::parse(line.c_str()));
  } catch (const std::exception&) {
    return damaged();
  }
  if (const std::string other = difference(file.what, what); !other.empty()) {
    return tl::unexpected(fmt::format("'{}' is of another exploration: it has {}", path, other));
  }
  auto reader = std::make_unique<Reader>(std::move(stream), std::move(file));
  if (!reader->is_whole()) return damaged();
  return reader;
}

Resumed::Resumed(std::string path, std::string subject) : path_(std::move(path)) {
  file_.what = std::move(subject);
  if (path_.empty() || !std::filesystem::exists(path_)) return;
  auto reader = ExplorationReader::open(path_, file_.what);
  if (!reader) {
    problem_ = std::move(reader.error());
    return;
  }
  reader_ = std::move(*reader);
  resumption_ = {.closed = reader_->file().closed,
                 .next = [this](explore::Fingerprint& state) { return reader_->next(state); }};
}

void Resumed::attach(explore::Limits& limits, const ExploreWatch& watch) {
  if (reader_) limits.resumption = &resumption_;
  if (path_.empty()) return;
  limits.keep = [this, &watch](const explore::Closed& closed,
                               const explore::ForEachClosed& for_each) {
    file_.closed = closed;
    file_.real_ns = real_ns_before() + watch.real_ns();
    file_.sessions = sessions();
    problem_ = write_exploration(path_, file_, for_each);
    kept_ = problem_.empty();
  };
}

std::string Resumed::last_line(explore::Ending ending) const {
  if (kept_) {
    return fmt::format("  kept in '{}': {} states are closed; the same command goes on\n",
                       path_,
                       grouped(file_.closed.states));
  }
  if (reader_ && ending == explore::Ending::kExhausted) {
    return fmt::format("  in {} sessions; '{}' is not needed any more\n", sessions(), path_);
  }
  return {};
}

}  // namespace holdfast::tools
