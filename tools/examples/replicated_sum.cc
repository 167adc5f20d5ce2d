// A program that is a member of the log itself: a number that every member adds to, and that all
// of them agree on.
//
//   replicated_sum CONFIG N      the configuration of a member (docs/operations.md), initialised by
//   `holdfast init`
//
// Whoever is elected adds 1 to N, once, whoever else is elected meanwhile.  Each member follows the
// log, says the sum when it has seen all N, and goes on being a member until it is told to end.

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "real/server/member.h"
#include "real/server/text_journal.h"

namespace {

using namespace holdfast;

// What is replicated: a function of the log, so that it needs no file of its own.
class Sum {
 public:
  Sum(Node& node, std::uint64_t last) : node_(node), last_(last) {}

  // A fiber: applies entries as they are learned, for ever.
  void follow() {
    Log::Reader reader = node_.log().reader();
    Position next = reader.beginning();
    while (true) {
      // What is not learned is waited for.
      if (!reader.await(next, Duration::seconds(1))) continue;
      const auto entries = reader.read(next, *reader.learned());
      if (!entries) {
        // Truncated: a program that truncates keeps what it forgot somewhere else.
        next = std::max(next, reader.beginning());
        continue;
      }
      for (const Entry& entry : *entries)
        add(std::strtoull(entry.bytes->c_str(), nullptr, 10));
      next = reader.learned()->next();
    }
  }

  // A fiber: in this member's term, adds what nobody has added.  The key says what is added, so
  // that an entry whose outcome an earlier coordinator did not learn is not added a second time.
  void contribute() {
    Log::Writer writer = node_.log().current_writer();
    for (std::uint64_t number = 1; number <= last_; ++number) {
      const auto bytes = std::make_shared<const std::string>(std::to_string(number));
      // Not elected any more: the next one adds the rest.
      if (!writer.append(bytes, {1, number}).ok()) return;
    }
  }

 private:
  void add(std::uint64_t number) {
    sum_ += number;
    if (++count_ != last_) return;
    std::printf("%llu numbers, sum %llu\n",
                static_cast<unsigned long long>(count_),
                static_cast<unsigned long long>(sum_));
    std::fflush(stdout);
  }

  Node& node_;
  std::uint64_t last_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: replicated_sum CONFIG N\n");
    return 2;
  }
  const auto config = real::load_config(argv[1]);
  if (!config || !config->self) {
    std::fprintf(
        stderr,
        "replicated_sum: %s\n",
        config ? "the configuration has no [member]" : config.error()[0].to_text().c_str());
    return 2;
  }
  real::TextJournal journal(stderr, config->logging);
  const auto opened = real::Member::open(*config, journal);
  if (!opened) return static_cast<int>(opened.error());
  real::Member& member = **opened;
  Node& node = member.node();

  Sum sum(node, std::strtoull(argv[2], nullptr, 10));
  bool told_to_end = false;
  member.loop().catch_signals({SIGTERM, SIGINT}, [&](int) { told_to_end = true; });
  const auto booted =
      member.boot({.ready = [&] { node.scheduler().spawn([&] { sum.follow(); }); },
                   .elected = [&] { node.scheduler().spawn([&] { sum.contribute(); }); }});
  if (!booted) return static_cast<int>(booted.error());
  member.run_until([&] { return told_to_end; });
  return static_cast<int>(member.end());
}
