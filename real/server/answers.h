#pragma once

// What a member answers to a request, on a fiber of its node: a function of the node, the request
// and the little that `World` tells, so that a recorded life answers again as it did.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "protocol/node.h"

#include "real/client/messages.h"
#include "real/server/leadership.h"

namespace holdfast::real {

// A request that is about to get its fiber.
struct Asked {
  Request request;
  Instant deadline;
  std::function<void(Response)> reply;
};

class Answers {
 public:
  struct Limits {
    // Reads take memory of several entries each.
    std::size_t reads_max = 8;
    // An answer holds entries of about so many bytes, and at least one.
    std::size_t page_bytes = 1 << 20;
    std::size_t page_positions = 4096;
  };

  struct World {
    // How many other members there is a connection to.
    std::function<std::uint32_t()> connected;
    // So much must be free on the disk, and is not; none: it is.
    std::function<std::optional<std::uint64_t>()> wanted_bytes;
  };

  // The node outlives it, and the node's fibers end before it.
  Answers(Node& node, const Limits& limits, World world);

  // A term of the member began or ended.
  void on_term() { leadership_.on_term(); }

  // In a step: a fiber for each.
  void begin(std::vector<Asked> asked);

  MemberStatus status() const;

 private:
  using Answer = decltype(Response::body);

  Answer answer(const AppendRequest& request, Instant deadline);
  Answer answer(const TruncateRequest& request, Instant deadline);
  Answer answer(const ReadRequest& request, Instant deadline);
  Answer answer(const StatusRequest& request, Instant deadline);
  Answer answer(const CatchupRequest& request, Instant deadline);

  template <typename Write>
  Answer write(Instant deadline, const Write& write);
  Answer read(Position from, Position to);

  Node& node_;
  Limits limits_;
  World world_;
  Instant started_;
  Leadership leadership_;
  Log::Reader reader_;
  std::size_t reads_ = 0;
};

}  // namespace holdfast::real
