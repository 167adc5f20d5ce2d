#pragma once

// Runs the life of a member that a recording (recording.h) tells of through the code of this
// program, and says where it does something else.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "protocol/env/time.h"
#include "protocol/env/tracer.h"

#include "protocol/types.h"

namespace holdfast::real {

struct ReplayReport {
  // Who wrote it, and of which member.
  std::string version;
  std::string core;
  std::string config_file;
  NodeId member;
  // Seconds since 1970.
  std::uint64_t started = 0;

  // Steps by what they were given, and what came of all of them.
  std::uint64_t frames = 0;
  std::uint64_t alarms = 0;
  std::uint64_t disconnects = 0;
  std::uint64_t jobs = 0;
  std::uint64_t requests = 0;  // not steps: several begin in one
  std::uint64_t steps = 0;
  std::uint64_t events = 0;
  std::uint64_t sent = 0;
  std::uint64_t writes = 0;
  // From the birth of the node to the last step.
  Duration span;

  // Nothing is written of what came of the last step: the process died in it, or the file could not
  // grow.  It was done again, with zeros for what it drew, and what came of it is not compared.
  bool died = false;

  // Where the member did something else, if it did: nothing was tried after it.
  struct Divergence {
    std::uint64_t step = 0;  // from 1
    Duration after;          // the birth
    std::string given;       // "a frame of 87 bytes"
    std::string text;        // "event 3 was learned, and is accepted"
  };

  std::optional<Divergence> divergence;
};

struct ReplayOptions {
  // Told of each event as it happens again; the time is since the birth.
  std::function<void(Duration at,
                     EventKind kind,
                     std::initializer_list<std::uint64_t> words,
                     std::string_view bytes)>
      watch = {};
  // Asked now and then; false ends it.
  std::function<bool(const ReplayReport&)> go_on = {};
};

// The error names the file and says what is wrong with it.
tl::expected<ReplayReport, std::string> replay_recording(const std::string& file,
                                                         const ReplayOptions& options = {});

}  // namespace holdfast::real
