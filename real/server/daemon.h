#pragma once

#include <functional>
#include <string>

#include "real/ports/journal.h"
#include "real/server/client_door.h"
#include "real/server/config.h"
#include "real/server/exit_code.h"
#include "real/server/member.h"

namespace holdfast::real {

struct DaemonOptions {
  // At SIGHUP certificates are read again, and this is given what the configuration's file says
  // now, if it is sound.
  std::function<void(const Config&)> reread = nullptr;
  // A further way in for clients; none: there is none.
  OpenDoor open_door = nullptr;
  // See Member::trace_to; empty: none.
  std::string trace_file;
  MemberExtras extras;
};

// Runs the member that `config` is for until SIGTERM or SIGINT, or until its storage fails.  Says
// everything an operator needs to `journal`.  Requires: config.self.
ExitCode run_daemon(const Config& config, Journal& journal, const DaemonOptions& options = {});

}  // namespace holdfast::real
