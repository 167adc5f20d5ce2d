#pragma once

#include <memory>
#include <string>

#include "protocol/env/node_id.h"

namespace holdfast {

// The bytes of one message.  Immutable and shared, so that a broadcast encodes once.
using Frame = std::shared_ptr<const std::string>;

// Best-effort datagrams between the members of a cluster.
//
// A frame may be lost, delayed without bound, duplicated, reordered and corrupted; it may come from
// a life of the sender that is long over.  Arrival is Process::on_frame.  Nothing tells the
// receiver truthfully who sent it: the envelope inside does, and is checked by the protocol.
class Network {
 public:
  virtual ~Network() = default;

  // Never blocks, never fails visibly.  The frame leaves when the step ends.  `to` may be unknown
  // (then the frame is lost) but is never the sender itself.
  virtual void send(NodeId to, Frame frame) = 0;
};

}  // namespace holdfast
