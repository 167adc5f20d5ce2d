#pragma once

#include <cstdarg>

#include <leveldb/env.h>

namespace holdfast::storage {

// LevelDB's own log text holds times and thread ids and says nothing a caller can use.
class NullLogger : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

}  // namespace holdfast::storage
