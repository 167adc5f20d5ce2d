#pragma once

// For tests only: machines on loopback that share one loop.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/env/check.h"

#include "real/ports/machine.h"

namespace holdfast::real {

// Keeps what was said.
class KeptJournal final : public Journal {
 public:
  void say(Level, std::string_view event, const Fields& fields) override {
    std::string line(event);
    for (const Field& field : fields)
      line.append(" ").append(field.name).append("=").append(field.value);
    lines.push_back(std::move(line));
  }

  std::size_t count(std::string_view part) const {
    std::size_t n = 0;
    for (const std::string& line : lines) {
      if (line.find(part) != std::string::npos) ++n;
    }
    return n;
  }

  std::vector<std::string> lines;
};

// Ports that were free a moment ago, for members 1 to `count`.
inline std::vector<MemberAddress> loopback_members(EventLoop& loop, std::uint8_t count) {
  std::vector<std::unique_ptr<Listener>> held;
  std::vector<MemberAddress> members;
  for (std::uint8_t i = 1; i <= count; ++i) {
    auto listener = Listener::open(loop, {"127.0.0.1", 0}, {}, [](const ConnectionPtr&) {});
    HOLDFAST_CHECK(listener.has_value());
    members.push_back({NodeId{i}, {"127.0.0.1", (*listener)->port()}});
    held.push_back(std::move(*listener));
  }
  return members;
}

inline NetworkOptions network_options(NodeId self, std::vector<MemberAddress> members) {
  NetworkOptions options;
  options.hello = {.cluster = 77, .log = 1, .config = 5, .sender = self};
  options.members = std::move(members);
  return options;
}

// Runs the loop until `condition` holds; false after `patience`.
inline bool run_until(EventLoop& loop,
                      const std::function<bool()>& condition,
                      Duration patience = Duration::seconds(20)) {
  bool late = false;
  Timer timer(loop, [&late] { late = true; });
  timer.set(loop.now() + patience);
  loop.run_until([&] { return late || condition(); });
  return condition();
}

}  // namespace holdfast::real
