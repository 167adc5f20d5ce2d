#pragma once

// The key to a world that keeps no account of what happens: no fingerprint, no digest of its files,
// no ring of last events.  Such a run proves nothing.  It is there to measure what the account
// costs, and ./dev check lets benchmarks alone include this header.

namespace holdfast::sim {

class Unaccounted {
 public:
  Unaccounted() = default;
};

}  // namespace holdfast::sim
