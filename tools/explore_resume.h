#pragma once

// What an exploration that was stopped has done, as a file that another one goes on from.
//
//   holdfast-exploration 1
//   {"core": ..., "configuration": ..., ...}   what it explored, and its figures so far
//   16 bytes for each closed state
//   8 bytes: a checksum of those
//
// A state of 128 bits takes no less; 100 million of them are 1.6 GB.

#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "sim/explore/search.h"

#include "tools/explore_watch.h"

namespace holdfast::tools {

struct ExplorationFile {
  // Everything that must be the same for another exploration to go on, by name, as JSON.
  std::string what;
  // Real time, and explorations, before this one.
  std::int64_t real_ns = 0;
  std::uint64_t sessions = 0;
  explore::Closed closed;
};

// Replaces the file in one step.  Returns what is wrong, or nothing.
std::string write_exploration(const std::string& path,
                              const ExplorationFile& file,
                              const explore::ForEachClosed& for_each);

// Reads the states one by one.
class ExplorationReader {
 public:
  // Checks the whole file first, and that it is about `what`.  An error names the file and says
  // what is wrong with it.
  static tl::expected<std::unique_ptr<ExplorationReader>, std::string> open(
      const std::string& path, const std::string& what);

  virtual ~ExplorationReader() = default;

  virtual const ExplorationFile& file() const = 0;
  virtual bool next(explore::Fingerprint& state) = 0;
};

// An exploration that goes on from another, and that others may go on from; or neither.
class Resumed {
 public:
  // Nothing, if `path` is empty.  The subject is what subject_json() says.
  Resumed(std::string path, std::string subject);

  // Says what is wrong with the file, or with writing it.
  const std::string& problem() const { return problem_; }

  // Both outlive the search.
  void attach(explore::Limits& limits, const ExploreWatch& watch);

  std::int64_t real_ns_before() const { return reader_ ? reader_->file().real_ns : 0; }

  std::uint64_t sessions() const { return reader_ ? reader_->file().sessions + 1 : 1; }

  // Of the certificate, for people; may be empty.
  std::string last_line(explore::Ending ending) const;

 private:
  std::string path_;
  ExplorationFile file_;
  std::unique_ptr<ExplorationReader> reader_;
  explore::Resumption resumption_;
  std::string problem_;
  bool kept_ = false;
};

}  // namespace holdfast::tools
