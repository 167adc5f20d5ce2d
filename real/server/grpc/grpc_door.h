#pragma once

// The gRPC API of a member (holdfast.proto).
//
// gRPC has threads of its own; a call crosses to the loop's thread once per message, and its state
// is touched there only.

#include "real/server/client_door.h"

namespace holdfast::real {

// An OpenDoor.
tl::expected<std::unique_ptr<ClientDoor>, std::string> open_grpc_door(EventLoop& loop,
                                                                      Journal& journal,
                                                                      const Config& config,
                                                                      ClientPort::Handle handle);

}  // namespace holdfast::real
