#pragma once

// Who a connection is with, and that nobody listens: TLS 1.3 with certificates on both sides.
//
// Whoever has a certificate that the authority signed is let in; there are no names to compare,
// since members and clients are told apart by their hellos, and by who signs them.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <tl/expected.hpp>

struct ssl_st;
struct ssl_ctx_st;

namespace holdfast::real {

// PEM files.
struct TlsFiles {
  // Its own certificate, followed by those that lead to the authority's, and its key.
  std::string certificate;
  std::string key;
  // The certificates of those who sign whom it trusts.
  std::string authority;

  bool operator==(const TlsFiles&) const = default;
};

class Tls {
 public:
  enum class Side : std::uint8_t { kCaller, kCalled };

  // The error names the file and what is wrong with it.
  static tl::expected<std::shared_ptr<Tls>, std::string> load(const TlsFiles& files);

  // Reads the files of all again, for the connections to come.  On an error what was read before
  // stays in use, with all of them.
  static tl::expected<void, std::string> reload(std::span<const std::shared_ptr<Tls>> all);

  // Of one connection that is about to stand; who asks owns it.
  ssl_st* new_session(Side side) const;

 private:
  explicit Tls(TlsFiles files) : files_(std::move(files)) {}

  TlsFiles files_;
  std::shared_ptr<ssl_ctx_st> context_;
};

using TlsPtr = std::shared_ptr<Tls>;

// What OpenSSL has to say about the last thing that went wrong on this thread.
std::string last_tls_error();

}  // namespace holdfast::real
