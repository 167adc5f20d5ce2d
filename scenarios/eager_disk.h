#pragma once

// The canary: a disk that says "durable" when a commit is submitted, not when it is.  A node on it
// answers before its sync, which is the bug a testbed for replicated logs must never miss.

#include <utility>

#include "protocol/env/disk.h"

namespace holdfast::scenarios {

class EagerDisk final : public Disk {
 public:
  explicit EagerDisk(Disk& disk) : disk_(disk) {}

  void submit(Lane lane, Job job, Done done) override {
    if (lane == Lane::kBulk || !opened_) {
      // Everything but the early answer stays in order, so that the node notices nothing itself.
      opened_ = true;
      disk_.submit(Lane::kCommit, std::move(job), std::move(done));
      return;
    }
    disk_.submit(Lane::kCommit, std::move(job), [] {});
    disk_.submit(
        Lane::kBulk, [] {}, std::move(done));
  }

  bool sync_directory(const std::string& path) override { return disk_.sync_directory(path); }

 private:
  Disk& disk_;
  bool opened_ = false;
};

}  // namespace holdfast::scenarios
