#pragma once

// Services that clients write to and read from, each client once: it sends its value to one server,
// and when that has answered, it reads from the next.  The services and the way they are counted
// are those of Stateright's examples (github.com/stateright/stateright: single-copy-register,
// linearizable-register, paxos), where the numbers of states were published.

#include <cstdint>
#include <memory>

#include "sim/explore/automata.h"

#include "scenarios/calibration/register_history.h"

namespace holdfast::scenarios {

struct RegisterSystem {
  std::unique_ptr<ClientRecord> record;
  std::unique_ptr<explore::Behaviour> behaviour;
  std::unique_ptr<explore::Judge> judge;  // RegisterHistory
};

// A server that keeps one value and answers at once.
RegisterSystem single_copy_register(std::uint32_t servers, std::uint32_t clients);

// Attiya, Bar-Noy, Dolev, "Sharing Memory Robustly in Message-Passing Systems", 1995, with several
// writers: ask a majority for the newest value, then write to a majority.
RegisterSystem abd_register(std::uint32_t servers, std::uint32_t clients);

// One decision by Paxos, proposed by the server that is written to first; that one decides.
RegisterSystem decided_register(std::uint32_t servers, std::uint32_t clients);

}  // namespace holdfast::scenarios
