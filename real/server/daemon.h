#pragma once

#include <functional>

#include "real/ports/journal.h"
#include "real/server/config.h"
#include "real/server/exit_code.h"

namespace holdfast::real {

// Runs the member that `config` is for until SIGTERM or SIGINT, or until its storage fails.  Says
// everything an operator needs to `journal`.  At SIGHUP certificates are read again, and `reread`,
// if any, is given what the file says now, if it is sound.  Requires: config.self.
ExitCode run_daemon(const Config& config,
                    Journal& journal,
                    const std::function<void(const Config&)>& reread = nullptr);

}  // namespace holdfast::real
