#include "tools/sim_interrupt.h"

#include <csignal>

namespace holdfast::tools {
namespace {

volatile std::sig_atomic_t came = 0;

void note(int signal) {
  came = signal;
}

}  // namespace

void note_interrupts() {
  struct sigaction action = {};
  action.sa_handler = note;
  // Reset: whoever presses Ctrl-C twice means it.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int interrupt_signal() {
  return came;
}

}  // namespace holdfast::tools
