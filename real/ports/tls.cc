#include "real/ports/tls.h"

#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "protocol/env/check.h"

namespace holdfast::real {
namespace {

tl::unexpected<std::string> refuse(const std::string& file, const std::string& what) {
  return tl::unexpected(file + ": " + what + ": " + last_tls_error());
}

tl::expected<std::shared_ptr<SSL_CTX>, std::string> read(const TlsFiles& files) {
  ::ERR_clear_error();
  const std::shared_ptr<SSL_CTX> context(::SSL_CTX_new(::TLS_method()), ::SSL_CTX_free);
  HOLDFAST_CHECK(context != nullptr);
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  // Nothing comes later than the handshake that nobody asked for.
  ::SSL_CTX_set_num_tickets(context.get(), 0);
  ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  if (::SSL_CTX_load_verify_file(context.get(), files.authority.c_str()) != 1) {
    return refuse(files.authority, "cannot be read as certificates (PEM) of an authority");
  }
  if (::SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return refuse(files.certificate, "cannot be read as a certificate (PEM)");
  }
  if (::SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return refuse(files.key, "cannot be read as the key (PEM) of " + files.certificate);
  }
  if (::SSL_CTX_check_private_key(context.get()) != 1) {
    return refuse(files.key, "is not the key of " + files.certificate);
  }
  return context;
}

}  // namespace

tl::expected<std::shared_ptr<Tls>, std::string> Tls::load(const TlsFiles& files) {
  auto context = read(files);
  if (!context) return tl::unexpected(std::move(context.error()));
  std::shared_ptr<Tls> tls(new Tls(files));
  tls->context_ = std::move(*context);
  return tls;
}

tl::expected<void, std::string> Tls::reload(std::span<const std::shared_ptr<Tls>> all) {
  std::vector<std::shared_ptr<SSL_CTX>> contexts;
  for (const auto& tls : all) {
    auto context = read(tls->files_);
    if (!context) return tl::unexpected(std::move(context.error()));
    contexts.push_back(std::move(*context));
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i]->context_ = std::move(contexts[i]);
  return {};
}

ssl_st* Tls::new_session(Side side) const {
  SSL* const session = ::SSL_new(context_.get());
  HOLDFAST_CHECK(session != nullptr);
  if (side == Side::kCaller) {
    ::SSL_set_connect_state(session);
  } else {
    ::SSL_set_accept_state(session);
  }
  return session;
}

std::string last_tls_error() {
  const unsigned long code = ::ERR_peek_last_error();
  ::ERR_clear_error();
  if (code == 0) return "no reason is known";
  const char* const reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

}  // namespace holdfast::real
