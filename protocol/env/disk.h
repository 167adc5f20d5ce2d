#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace holdfast {

// Which queue a job waits in.  Jobs of one lane run one after the other in the order of their
// submission; the lanes do not wait for each other, so bulk work cannot delay votes.
enum class Lane : std::uint8_t {
  kCommit,  // synced writes, and opening the store
  kBulk,    // reads, deletions, compaction
};

// Runs a node's blocking storage work outside its step.
class Disk {
 public:
  // Blocking work on files.  Touches no fiber, no port but sync_directory(), and no state that the
  // node's own step reads before `done`.
  using Job = std::function<void()>;
  // Runs in a step of its own, on the node's thread, after the job ended.
  using Done = std::function<void()>;

  virtual ~Disk() = default;

  // Neither `job` nor `done` runs inside this call.  A crash may cut a job at any file operation,
  // or drop it whole; then `done` never runs.
  virtual void submit(Lane lane, Job job, Done done) = 0;

  // Makes the entries of the directory `path` (files created, renamed, removed) durable.  Blocks;
  // called by jobs only.  False: the device failed, and nothing is known of those entries.
  virtual bool sync_directory(const std::string& path) = 0;
};

}  // namespace holdfast
