#pragma once

#include "real/ports/journal.h"
#include "real/server/config.h"
#include "real/server/exit_code.h"

namespace holdfast::real {

// Runs the member that `config` is for until SIGTERM or SIGINT, or until its storage fails.  Says
// everything an operator needs to `journal`.  Requires: config.self.
ExitCode run_daemon(const Config& config, Journal& journal);

}  // namespace holdfast::real
