#include "real/server/grpc/convert.h"

#include <memory>
#include <utility>

namespace holdfast::real::grpc_api {
namespace {

// Its address for clients of this API; empty: it has none.
std::string address_of(NodeId id, const Config& config) {
  for (const Config::Member& member : config.members)
    if (member.id == id && member.grpc_address) return member.grpc_address->text();
  return "";
}

grpc::StatusCode code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotCoordinator:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case ErrorKind::kLostElection:
    case ErrorKind::kTooFewVoters:
    case ErrorKind::kNotVoting:
    case ErrorKind::kNotReady:
    case ErrorKind::kOverloaded:
    case ErrorKind::kStopping:
      return grpc::StatusCode::UNAVAILABLE;
    case ErrorKind::kDeadline:
    case ErrorKind::kNoQuorum:
    case ErrorKind::kNotCaughtUp:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case ErrorKind::kUnknown:
      return grpc::StatusCode::ABORTED;
    case ErrorKind::kTooLarge:
    case ErrorKind::kBadTruncate:
    case ErrorKind::kBadRange:
    case ErrorKind::kBadRequest:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorKind::kTruncated:
    case ErrorKind::kPastEnd:
    case ErrorKind::kPending:
    case ErrorKind::kMissing:
      return grpc::StatusCode::OUT_OF_RANGE;
    case ErrorKind::kDiskLow:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case ErrorKind::kUnreachable:
    case ErrorKind::kRefused:
    case ErrorKind::kBroken:
      break;
  }
  // Kinds of the client library, which no member says.
  return grpc::StatusCode::INTERNAL;
}

}  // namespace

AppendRequest request_of(v1::AppendRequest&& in) {
  return {.entry = std::make_shared<const std::string>(std::move(*in.mutable_entry())),
          .key = {.client = in.key().client(), .sequence = in.key().sequence()}};
}

void fill(v1::Failure& out, const Failed& failed, const Config& config) {
  out.set_kind(std::string(error_name(failed.kind)));
  out.set_text(failed.text);
  if (failed.position) out.set_position(failed.position->value);
  if (!failed.coordinator) return;
  out.set_coordinator(failed.coordinator->value);
  out.set_coordinator_address(address_of(*failed.coordinator, config));
}

void fill(v1::Page& out, const Entries& page) {
  for (const ReadEntry& entry : page.entries) {
    v1::Entry& added = *out.add_entries();
    added.set_position(entry.position.value);
    added.set_entry(*entry.bytes);
    if (entry.key == IdempotencyKey{}) continue;
    added.mutable_key()->set_client(entry.key.client);
    added.mutable_key()->set_sequence(entry.key.sequence);
  }
}

void fill(v1::StatusResponse& out, const MemberStatus& status, const Config& config) {
  out.set_member(status.member.value);
  out.set_status(std::string(status_name(status.status)));
  out.set_coordinates(status.role == MemberRole::kCoordinator);
  out.set_begin(status.begin.value);
  if (status.end) out.set_end(status.end->value);
  if (status.learned) out.set_learned(status.learned->value);
  if (status.coordinator) {
    out.set_coordinator(status.coordinator->value);
    out.set_coordinator_address(address_of(*status.coordinator, config));
  }
  out.set_incarnation(status.incarnation.value);
  out.set_connected(status.connected);
  out.set_uptime_ms(static_cast<std::uint64_t>(status.uptime.ns() / 1'000'000));
}

grpc::Status status_of(const Failed& failed) {
  return {code_of(failed.kind), std::string(error_name(failed.kind)) + ": " + failed.text};
}

}  // namespace holdfast::real::grpc_api
