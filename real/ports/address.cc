#include "real/ports/address.h"

#include <charconv>

namespace holdfast::real {
namespace {

tl::unexpected<std::string> refuse(std::string_view text, std::string_view why) {
  return tl::unexpected("\"" + std::string(text) + "\" is no address: " + std::string(why) +
                        "; write HOST:PORT, like 127.0.0.1:7000 or [::1]:7000");
}

}  // namespace

std::string Address::text() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

tl::expected<Address, std::string> Address::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse(text, "it has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse(text, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return refuse(text, "it names no host");
  unsigned port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, port);
  if (digits.empty() || error != std::errc() || stopped != end || port > 65'535) {
    return refuse(text, "the port is no number from 0 to 65535");
  }
  return Address{std::string(host), static_cast<std::uint16_t>(port)};
}

}  // namespace holdfast::real
