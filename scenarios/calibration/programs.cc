#include "scenarios/calibration/programs.h"

#include <vector>

namespace holdfast::scenarios {
namespace {

using explore::Access;
using explore::Process;
using explore::Program;
using explore::Ready;
using explore::Words;

// State: the array; where the search reads next, counted from 1, or 0 if it has ended; and for each
// writer how many of its two steps it has taken, and what the first one read.
class LastZero : public Program {
 public:
  explicit LastZero(std::uint32_t writers) : writers_(writers) {}

  std::vector<std::uint32_t> start() const override {
    std::vector<std::uint32_t> state(search() + 1 + 2 * std::size_t{writers_}, 0);
    state[search()] = writers_ + 1;
    return state;
  }

  std::vector<Ready> ready(Words state) const override {
    std::vector<Ready> all;
    if (const std::uint32_t next = state[search()]; next != 0) {
      all.push_back({.process = 0, .access = {.object = next - 1, .writes = false}});
    }
    for (Process j = 1; j <= writers_; ++j) {
      const std::uint32_t taken = state[steps(j)];
      if (taken == 0) all.push_back({.process = j, .access = {.object = j - 1, .writes = false}});
      if (taken == 1) all.push_back({.process = j, .access = {.object = j, .writes = true}});
    }
    return all;
  }

  void step(std::vector<std::uint32_t>& state, Process process) const override {
    if (process == 0) {
      std::uint32_t& next = state[search()];
      next = state[next - 1] == 0 ? 0 : next - 1;
    } else if (state[steps(process)]++ == 0) {
      state[steps(process) + 1] = state[process - 1];
    } else {
      state[process] = state[steps(process) + 1] + 1;
    }
  }

 private:
  std::size_t search() const { return writers_ + 1; }

  std::size_t steps(Process writer) const { return search() + 1 + 2 * (std::size_t{writer} - 1); }

  std::uint32_t writers_;
};

// Processes of one step each.  State: which have taken it.
class SingleSteps : public Program {
 public:
  explicit SingleSteps(std::vector<Access> accesses) : accesses_(std::move(accesses)) {}

  std::vector<std::uint32_t> start() const override {
    return std::vector<std::uint32_t>(accesses_.size(), 0);
  }

  std::vector<Ready> ready(Words state) const override {
    std::vector<Ready> all;
    for (Process process = 0; process < accesses_.size(); ++process) {
      if (state[process] == 0) all.push_back({.process = process, .access = accesses_[process]});
    }
    return all;
  }

  void step(std::vector<std::uint32_t>& state, Process process) const override {
    state[process] = 1;
  }

 private:
  std::vector<Access> accesses_;
};

}  // namespace

std::unique_ptr<Program> last_zero(std::uint32_t writers) {
  return std::make_unique<LastZero>(writers);
}

std::unique_ptr<Program> readers(std::uint32_t readers) {
  std::vector<Access> accesses(readers, Access{.object = 0, .writes = false});
  accesses.push_back({.object = 0, .writes = true});
  return std::make_unique<SingleSteps>(std::move(accesses));
}

std::unique_ptr<Program> deliveries(std::uint32_t messages, std::uint32_t receivers) {
  std::vector<Access> accesses;
  for (std::uint32_t receiver = 0; receiver < receivers; ++receiver)
    accesses.insert(accesses.end(), messages, Access{.object = receiver, .writes = true});
  return std::make_unique<SingleSteps>(std::move(accesses));
}

}  // namespace holdfast::scenarios
