#pragma once

// What a member says over HTTP: /metrics, /healthz, /readyz, /status.json, and a page for people.

#include <functional>
#include <string>
#include <string_view>

#include "real/client/messages.h"
#include "real/ports/http_port.h"
#include "real/server/config.h"

namespace holdfast::real {

class HttpPages {
 public:
  struct Sources {
    std::function<MemberStatus()> status;
    std::function<std::string()> metrics;
  };

  // `config` outlives it, and has a `self`.
  HttpPages(const Config& config, Sources sources);

  HttpAnswer answer(std::string_view path) const;

 private:
  HttpAnswer ready() const;
  std::string status_json() const;

  const Config& config_;
  Sources sources_;
};

}  // namespace holdfast::real
