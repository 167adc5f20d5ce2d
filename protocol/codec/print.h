#pragma once

// Our structs into Protocol Buffers messages.

#include "protocol/codec/log.pb.h"
#include "protocol/codec/wire.pb.h"
#include "protocol/messages.h"
#include "protocol/metadata.h"

namespace holdfast::codec {

// `out` is clear before.
void print(const Action& action, log::Action& out);
void print(const Metadata& metadata, log::Metadata& out);
void print(const Envelope& envelope, wire::Envelope& out);

}  // namespace holdfast::codec
