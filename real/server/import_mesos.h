#pragma once

#include <string>

#include "protocol/replica_store.h"

#include "real/server/config.h"

namespace holdfast::real {

// Makes the empty directory of the member that `config` is for hold a copy of the log that a Mesos
// replica kept in the directory `source`, which nobody has open and which is not changed. kForeign:
// the source is none, or is a member's already, or the directory is not empty; nothing was changed
// then.  After another error the directory is to be removed.  Requires: config.self.
StoreResult<void> import_mesos(const std::string& source, const Config& config);

}  // namespace holdfast::real
