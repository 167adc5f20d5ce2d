#pragma once

// Internal to protocol/fiber: one execution on a stack of its own.

#include <cstddef>
#include <span>

namespace holdfast::internal {

// What the Itanium C++ ABI (2.2.2) keeps per thread about exceptions; the compilers' own headers
// declare it without members.
struct ExceptionGlobals {
  void* caught = nullptr;
  unsigned uncaught = 0;
};

// Runs a function on a given stack, and lets it pause in the middle.
//
// C++ keeps its record of thrown and caught exceptions per thread; resume() swaps it, so that a
// fiber which waits inside a catch block finds its own exception afterwards.
//
// Defined in engine.cc, inline: every return from a function that was called before a switch is
// mispredicted (10 ns), so nothing but the switch itself may be a call there.
class Context {
 public:
  // `entry` must not throw.
  using Entry = void (*)(void* argument);

  Context() = default;

  // Requires: not alive.
  ~Context();

  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // From start() until `entry` returned.
  bool alive() const { return execution_ != nullptr; }

  // Prepares `entry(argument)` to run on `stack`, which stays ours while alive.
  void start(std::span<std::byte> stack, Entry entry, void* argument);

  // Runs until suspend() or the end.  `globals` is this thread's record.  Requires: alive and not
  // running.
  void resume(ExceptionGlobals& globals);

  // Where on its stack the side that does not run now was put away (FiberInfo::put_away);
  // null: not alive.
  const void* put_away() const;

  // Back to who called resume().  Requires: called by what runs in this context.
  void suspend();

 private:
  struct Execution;
  Execution* execution_ = nullptr;
};

}  // namespace holdfast::internal
