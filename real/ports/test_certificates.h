#pragma once

// For tests only: an authority, and certificates that it signs, as files of a folder.

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "protocol/env/check.h"

#include "real/ports/tls.h"

namespace holdfast::real {

class TestAuthority {
 public:
  // Files begin with `name`.
  TestAuthority(std::filesystem::path folder, const std::string& name)
      : folder_(std::move(folder)),
        name_(name),
        key_(::EVP_EC_gen("P-256"), ::EVP_PKEY_free),
        certificate_(make(name, *key_, nullptr)) {
    write(file(".authority.pem"), *certificate_);
  }

  // A certificate that it signed, and what its bearer trusts: this authority.
  TlsFiles issue(const std::string& bearer) {
    const Key key(::EVP_EC_gen("P-256"), ::EVP_PKEY_free);
    const TlsFiles files{.certificate = file("." + bearer + ".pem"),
                         .key = file("." + bearer + ".key"),
                         .authority = file(".authority.pem")};
    write(files.certificate, *make(bearer, *key, this));
    std::FILE* const out = std::fopen(files.key.c_str(), "w");
    HOLDFAST_CHECK(out != nullptr);
    HOLDFAST_CHECK(::PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
                   1);
    std::fclose(out);
    return files;
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
  using Certificate = std::unique_ptr<X509, void (*)(X509*)>;

  std::string file(const std::string& end) const { return (folder_ / (name_ + end)).string(); }

  static Certificate make(const std::string& name, EVP_PKEY& key, const TestAuthority* signer) {
    Certificate made(::X509_new(), ::X509_free);
    ::X509_set_version(made.get(), X509_VERSION_3);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), signer == nullptr ? 1 : 2);
    ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), -3600);
    ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), 3600);
    ::X509_set_pubkey(made.get(), &key);
    X509_NAME* const subject = ::X509_get_subject_name(made.get());
    ::X509_NAME_add_entry_by_txt(subject,
                                 "CN",
                                 MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(name.c_str()),
                                 -1,
                                 -1,
                                 0);
    ::X509_set_issuer_name(
        made.get(),
        signer == nullptr ? subject : ::X509_get_subject_name(signer->certificate_.get()));
    X509_EXTENSION* const constraint =
        ::X509V3_EXT_conf_nid(nullptr,
                              nullptr,
                              NID_basic_constraints,
                              signer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    ::X509_add_ext(made.get(), constraint, -1);
    ::X509_EXTENSION_free(constraint);
    HOLDFAST_CHECK(
        ::X509_sign(made.get(), signer == nullptr ? &key : signer->key_.get(), ::EVP_sha256()) > 0);
    return made;
  }

  static void write(const std::string& path, X509& certificate) {
    std::FILE* const out = std::fopen(path.c_str(), "w");
    HOLDFAST_CHECK(out != nullptr);
    HOLDFAST_CHECK(::PEM_write_X509(out, &certificate) == 1);
    std::fclose(out);
  }

  std::filesystem::path folder_;
  std::string name_;
  Key key_;
  Certificate certificate_;
};

}  // namespace holdfast::real
