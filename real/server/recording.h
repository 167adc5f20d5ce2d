#pragma once

// Writes down all that reaches a member and what it does with it, so that `holdfast-sim replay` can
// run the same life through the same code again (replay.h): frames, alarms, draws, requests and
// what the store answered.  The store itself is not needed for that.
//
// A step is written when it ends, and is in the file when the process is killed after that.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "protocol/env/process.h"

#include "protocol/replica_store.h"

#include "real/ports/journal.h"
#include "real/server/answers.h"
#include "real/server/config.h"

namespace holdfast::real {

// Who writes a recording.
struct Build {
  std::string version;
  // Of the sources that decide what a member does.
  std::string core;
};

class Recording {
 public:
  // The error says what to do: the file is there already, or cannot be made.  `config` and
  // `journal` outlive it; that the file can not grow any more ends the recording, and is told to
  // `journal`.
  static tl::expected<std::unique_ptr<Recording>, std::string> create(const std::string& file,
                                                                      const Build& build,
                                                                      const Config& config,
                                                                      Journal& journal);

  ~Recording();

  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // What the member is to be given instead: each once, in this order, before its first step.  What
  // they stand for outlives it.
  Ports wrap(Ports ports);
  std::shared_ptr<ReplicaStore> wrap(std::shared_ptr<ReplicaStore> store);
  Process& wrap(Process& process);

  // Around a step that begins requests, or one that an application does.
  void requests(const std::vector<Asked>& asked,
                std::optional<std::uint64_t> wanted_bytes,
                const std::function<void()>& body);
  void other(const std::function<void()>& body);

 private:
  struct Impl;

  explicit Recording(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::real
