#pragma once

// Writes down all that reaches a member and what it does with it, so that `holdfast-sim replay` can
// run the same life through the same code again (replay.h): frames, alarms, draws, requests and
// what the store answered.  The store itself is not needed for that.
//
// What a step is given is in the file before the step begins, and what came of it when it ends,
// however the process ends after that.

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
  // Of the sources of the protocol and its worlds, which is most of what decides what a member
  // does.
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
  // The answers are written down as they are given.
  void requests(std::vector<Asked>& asked,
                std::optional<std::uint64_t> wanted_bytes,
                const std::function<void()>& body);
  void other(const std::function<void()>& body);

 private:
  struct Impl;

  explicit Recording(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::real
