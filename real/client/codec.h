#pragma once

// The one place where what clients and members say becomes bytes and back (client.proto).  A frame
// is 8 bytes XXH3-64 (little endian) of the rest, then the serialized message.
//
// A decoder refuses what it does not understand and says why; it never guesses and never aborts.

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "real/client/messages.h"

namespace holdfast::real {

// What a frame holds besides the entry it carries, at most.
inline constexpr std::size_t kClientOverheadBytes = 4096;

std::string encode(const Request& request);
std::string encode(const Response& response);

tl::expected<Request, std::string> decode_request(std::string_view frame);
tl::expected<Response, std::string> decode_response(std::string_view frame);

}  // namespace holdfast::real
