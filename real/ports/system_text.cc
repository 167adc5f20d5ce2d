#include "real/ports/system_text.h"

#include <system_error>

namespace holdfast::real {

std::string system_text(int code) {
  return std::error_code(code, std::generic_category()).message();
}

}  // namespace holdfast::real
