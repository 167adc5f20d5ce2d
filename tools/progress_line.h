#pragma once

// A line on the terminal that says how far a command is, once there is something to wait for; gone
// when the command ends.

#include <chrono>
#include <cstdio>
#include <string>

#include <unistd.h>

namespace holdfast::tools {

class ProgressLine {
 public:
  ProgressLine() = default;

  ~ProgressLine() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // It is time for another one: not before two seconds, and then every half of one.
  bool is_due() const { return on_terminal_ && Time::now() >= next_; }

  void show(const std::string& text) {
    next_ = Time::now() + std::chrono::milliseconds(500);
    shown_ = true;
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
  }

 private:
  using Time = std::chrono::steady_clock;

  const bool on_terminal_ = ::isatty(STDERR_FILENO) == 1;
  Time::time_point next_ = Time::now() + std::chrono::seconds(2);
  bool shown_ = false;
};

}  // namespace holdfast::tools
