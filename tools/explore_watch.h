#pragma once

// Shows somebody who waits how far a search is, and stops it when that one has enough.

#include <cstdint>
#include <string>

#include "sim/explore/search.h"

#include "tools/progress_line.h"

namespace holdfast::tools {

class ExploreWatch {
 public:
  // 0: without limit.
  struct Limits {
    std::int64_t real_ns = 0;
    std::uint64_t bytes = 0;
  };

  explicit ExploreWatch(std::string name) : ExploreWatch(std::move(name), Limits{}) {}

  ExploreWatch(std::string name, Limits limits);

  // False: the search is to stop.
  bool go_on(const explore::Progress& progress);

  // Why it was stopped: "interrupted", "the time is up", "the memory is used up", or nothing.
  const std::string& stopped_by() const { return stopped_by_; }

  std::int64_t real_ns() const;

 private:
  void show(const explore::Progress& progress, std::int64_t now);

  std::string name_;
  Limits limits_;
  ProgressLine line_;
  std::int64_t began_ns_;
  std::string stopped_by_;
};

}  // namespace holdfast::tools
