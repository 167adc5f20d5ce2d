#pragma once

#include <string>

namespace holdfast::real {

// What the kernel means by an errno.
std::string system_text(int code);

}  // namespace holdfast::real
