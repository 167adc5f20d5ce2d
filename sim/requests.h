#pragma once

// What one step of a node asked of the world, in the order it asked.

#include <cstdint>
#include <utility>
#include <vector>

#include "protocol/env/disk.h"
#include "protocol/env/network.h"
#include "protocol/env/node_id.h"

namespace holdfast::sim {

struct Requests {
  struct Send {
    NodeId to;
    Frame frame;
  };

  struct Submit {
    Lane lane;
    Disk::Job job;
    Disk::Done done;
    // How many requests came before this one.
    std::size_t before;
  };

  std::vector<Send> sends;
  std::vector<Submit> submits;

  std::size_t size() const { return sends.size() + submits.size(); }

  // Keeps the first `count` only.
  void truncate(std::size_t count) {
    if (count >= size()) return;
    while (!submits.empty() && submits.back().before >= count)
      submits.pop_back();
    sends.resize(count - submits.size());
  }

  void clear() {
    sends.clear();
    submits.clear();
  }
};

}  // namespace holdfast::sim
