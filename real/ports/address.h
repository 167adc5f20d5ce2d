#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace holdfast::real {

// Where a program listens: "127.0.0.1:7000", "[::1]:7000", "replica-1.example.net:7000".
struct Address {
  // A name or a numeric address, without brackets.
  std::string host;
  // 0 asks for any free port, and only a listener may.
  std::uint16_t port = 0;

  bool operator==(const Address&) const = default;

  std::string text() const;

  // The error says what is wrong and how an address is written.
  static tl::expected<Address, std::string> parse(std::string_view text);
};

}  // namespace holdfast::real
