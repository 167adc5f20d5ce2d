#include "real/server/exit_code.h"

#include "protocol/env/check.h"

namespace holdfast::real {

ExitCode exit_code_of(StoreError::Kind kind) {
  switch (kind) {
    case StoreError::Kind::kIo:
      return ExitCode::kStorage;
    case StoreError::Kind::kFull:
      return ExitCode::kDiskFull;
    case StoreError::Kind::kCorrupt:
      return ExitCode::kDamaged;
    case StoreError::Kind::kLocked:
      return ExitCode::kInUse;
    case StoreError::Kind::kForeign:
      return ExitCode::kForeign;
  }
  HOLDFAST_UNREACHABLE("store error");
}

std::string_view advice_for(StoreError::Kind kind) {
  switch (kind) {
    case StoreError::Kind::kIo:
      return "look at the kernel's log for errors of the device; replace it if it fails, then "
             "start "
             "the member again: what it acknowledged is on the disk, or on a quorum of others";
    case StoreError::Kind::kFull:
      return "free space on the file system, then start the member again";
    case StoreError::Kind::kCorrupt:
      return "run `holdfast check` on the directory; when it confirms the damage, move the "
             "directory "
             "away and start the member with an empty one";
    case StoreError::Kind::kLocked:
      return "stop the other process, or configure another directory";
    case StoreError::Kind::kForeign:
      return "configure the directory of this member; nothing in it was changed";
  }
  HOLDFAST_UNREACHABLE("store error");
}

}  // namespace holdfast::real
