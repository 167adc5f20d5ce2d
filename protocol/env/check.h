#pragma once

// Executable documentation, on in every build: a violated check stops the process and says where,
// what, and with which operands.
//
//   HOLDFAST_CHECK(x, ...)        a bug of ours if false
//   HOLDFAST_REQUIRE(x, ...)      the caller broke the contract
//   HOLDFAST_UNREACHABLE(why)     control cannot come here
//   maybe(x)                      both outcomes are expected; said aloud, checked by nobody
//
// The operands after the condition are printed by name with their values (integers, or anything
// with a member `value`, `ns()` or text).

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

constexpr void maybe(bool) {}

namespace internal {

// In place of std::source_location, which clang 14 does not have.
struct SourcePlace {
  const char* file;
  unsigned line;
  const char* function;
};

[[noreturn]] void check_failed(std::string_view word,
                               std::string_view condition,
                               std::string_view operands,
                               SourcePlace where);

template <typename T>
std::string show(const T& x) {
  if constexpr (std::convertible_to<T, std::string_view>) {
    return std::string(std::string_view(x));
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::uint64_t>(x));
  } else if constexpr (requires { std::to_string(x); }) {
    return std::to_string(x);
  } else if constexpr (requires { x.ns(); }) {
    return std::to_string(x.ns()) + "ns";
  } else {
    return std::to_string(x.value);
  }
}

template <typename... Ts>
[[noreturn]] void check_failed_with(std::string_view word,
                                    std::string_view condition,
                                    SourcePlace where,
                                    std::string_view names,
                                    const Ts&... operands) {
  std::string text;
  if constexpr (sizeof...(Ts) > 0) {
    text.append(names).append(" =");
    ((text += ' ', text += show(operands)), ...);
  }
  check_failed(word, condition, text, where);
}

}  // namespace internal
}  // namespace holdfast

#define HOLDFAST_PLACE                \
  ::holdfast::internal::SourcePlace { \
    __FILE__, __LINE__, __func__      \
  }
#define HOLDFAST_CHECK(condition, ...)               \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::holdfast::internal::check_failed_with(    \
             "check", #condition, HOLDFAST_PLACE, #__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__))
#define HOLDFAST_REQUIRE(condition, ...)             \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::holdfast::internal::check_failed_with(    \
             "require", #condition, HOLDFAST_PLACE, #__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__))
#define HOLDFAST_UNREACHABLE(why) \
  ::holdfast::internal::check_failed("unreachable", why, "", HOLDFAST_PLACE)
