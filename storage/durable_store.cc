#include "storage/durable_store.h"

#include <utility>

namespace holdfast::storage {
namespace {

// First, so that it outlives the store on it.
struct OwnEnv {
  DirectorySyncingEnv env;
};

class DurableStore final : private OwnEnv, public LevelDbStore {
 public:
  DurableStore(leveldb::Env& base,
               DirectorySyncingEnv::SyncDirectory sync_directory,
               const std::string& path,
               const LevelDbOptions& options)
      : OwnEnv{DirectorySyncingEnv(base, std::move(sync_directory))},
        LevelDbStore(env, path, options) {}
};

}  // namespace

std::shared_ptr<ReplicaStore> make_durable_store(leveldb::Env& base,
                                                 DirectorySyncingEnv::SyncDirectory sync_directory,
                                                 const std::string& path,
                                                 const LevelDbOptions& options) {
  return std::make_shared<DurableStore>(base, std::move(sync_directory), path, options);
}

}  // namespace holdfast::storage
