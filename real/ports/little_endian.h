#pragma once

// Numbers of fixed length in frames and files, the lowest byte first.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/env/check.h"

namespace holdfast::real {

// Of a larger number the lowest bytes.
inline void put_number(std::string& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i)
    out.push_back(static_cast<char>(number >> (8 * i) & 0xff));
}

// The number in front of `in`, which is left with the rest.  Requires: so many bytes are there.
inline std::uint64_t take_number(std::string_view& in, std::size_t bytes) {
  HOLDFAST_REQUIRE(in.size() >= bytes, in.size(), bytes);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    number |= std::uint64_t{static_cast<unsigned char>(in[i])} << (8 * i);
  in.remove_prefix(bytes);
  return number;
}

}  // namespace holdfast::real
