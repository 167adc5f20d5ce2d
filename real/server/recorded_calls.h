#pragma once

// What a recording says of calls of the store (recording.proto), and what comes of a step.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "protocol/env/network.h"
#include "protocol/env/tracer.h"

#include "protocol/codec/codec.h"
#include "protocol/replica_store.h"

#include "real/client/messages.h"
#include "real/server/recording.pb.h"

namespace holdfast::real {

// What a call was given, by its hash.
std::uint64_t given_to_write(Codec& codec, const WriteBatch& batch);
std::uint64_t given_to_read(Position from, Position to, std::size_t bytes_max);
std::uint64_t given_to_erase(Position bound, std::size_t records_max);

// What it returned.  Reading: what is no result of such a call is an error in words.
void set_error(recording::Call& call, const StoreError& error);
void set_restored(recording::Call& call, Codec& codec, const Restored& restored);
void set_records(recording::Call& call, Codec& codec, const std::vector<Action>& actions);

StoreError error_in(const recording::Call& call);
tl::expected<Restored, std::string> restored_in(const recording::Call& call, Codec& codec);
tl::expected<std::vector<Action>, std::string> records_in(const recording::Call& call,
                                                          Codec& codec);

// As a step has them.
std::uint64_t digest_of_event(EventKind kind,
                              std::initializer_list<std::uint64_t> words,
                              std::string_view bytes);
EventKind kind_of_event(std::uint64_t digest);
std::uint64_t digest_of_send(NodeId to, const Frame& frame);
NodeId receiver_of_send(std::uint64_t digest);
// But for what is of the network: to how many others there is a connection.
std::uint64_t digest_of_answer(const Response& response);

}  // namespace holdfast::real
