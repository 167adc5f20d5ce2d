#pragma once

// What the members' own structs are in the API, and back.

#include <string>

#include <grpcpp/support/status.h>

#include "real/client/messages.h"
#include "real/server/config.h"
#include "real/server/grpc/holdfast.pb.h"

namespace holdfast::real::grpc_api {

namespace v1 = ::holdfast::v1;

// Of trailing metadata.
inline constexpr const char* kFailureKey = "holdfast-failure-bin";

AppendRequest request_of(v1::AppendRequest&& in);

void fill(v1::Failure& out, const Failed& failed, const Config& config);
void fill(v1::Page& out, const Entries& page);
void fill(v1::StatusResponse& out, const MemberStatus& status, const Config& config);

// Its code by the table in holdfast.proto.
grpc::Status status_of(const Failed& failed);

}  // namespace holdfast::real::grpc_api
