#include "real/ports/os_random.h"

#include <sys/random.h>

#include "protocol/env/check.h"

namespace holdfast::real {

std::uint64_t OsRandom::draw(RandomStream) {
  std::uint64_t value = 0;
  // Up to 256 bytes come whole and are not interrupted, once the kernel has seeded itself.
  const ssize_t got = ::getrandom(&value, sizeof(value), 0);
  HOLDFAST_CHECK(got == static_cast<ssize_t>(sizeof(value)), got);
  return value;
}

}  // namespace holdfast::real
