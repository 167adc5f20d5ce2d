#include "protocol/env/check.h"

#include <cstdio>
#include <cstdlib>

namespace holdfast::internal {

void check_failed(std::string_view word,
                  std::string_view condition,
                  std::string_view operands,
                  SourcePlace where) {
  std::fprintf(stderr,
               "%s:%u: %s failed in %s: %.*s%s%.*s\n",
               where.file,
               where.line,
               std::string(word).c_str(),
               where.function,
               static_cast<int>(condition.size()),
               condition.data(),
               operands.empty() ? "" : "; ",
               static_cast<int>(operands.size()),
               operands.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace holdfast::internal
