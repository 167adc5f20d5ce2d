#pragma once

#include <memory>
#include <string>

#include <leveldb/env.h>

#include "protocol/replica_store.h"

#include "storage/directory_syncing_env.h"
#include "storage/leveldb_store.h"

namespace holdfast::storage {

// A replica's store as it must be built: LevelDB over the Env that makes names durable, which the
// store owns.  `base` must outlive it.
std::shared_ptr<ReplicaStore> make_durable_store(leveldb::Env& base,
                                                 DirectorySyncingEnv::SyncDirectory sync_directory,
                                                 const std::string& path,
                                                 const LevelDbOptions& options);

}  // namespace holdfast::storage
