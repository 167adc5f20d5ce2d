#pragma once

namespace holdfast::tools {

// From now on Ctrl-C and a request to terminate are noted instead of ending the process; the second
// one ends it.
void note_interrupts();

// The signal that came, or 0.
int interrupt_signal();

}  // namespace holdfast::tools
