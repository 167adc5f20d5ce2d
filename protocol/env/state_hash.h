#pragma once

// Names for states, so that whoever runs the same code again and again (the model checker) can tell
// whether it has been here before.  Whoever adds to a name adds everything that what happens later
// may depend on, and nothing else.

#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "protocol/env/hash.h"

namespace holdfast {

// 128 bits: for as many states as fit into a memory, equal names are equal states.
struct StateName {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend constexpr auto operator<=>(const StateName&, const StateName&) = default;

  // Of things whose order does not matter.
  constexpr StateName& operator+=(const StateName& other) {
    low += other.low;
    high += other.high + (low < other.low ? 1 : 0);
    return *this;
  }
};

// Of a sequence of things: order matters.
class StateHash {
 public:
  constexpr void add(std::uint64_t word) {
    name_ = {.high = mix(word ^ 0xa4093822299f31d0ULL, name_.high), .low = mix(name_.low, word)};
  }

  void add(std::string_view bytes) {
    add(bytes.size());
    add(hash_bytes(bytes));
    // A second hash of bytes, as independent as one function allows: of what follows a first byte.
    add(bytes.size() < 2 ? 0 : hash_bytes(bytes.substr(1)));
  }

  constexpr void add(const StateName& name) {
    add(name.high);
    add(name.low);
  }

  template <typename T>
  requires std::is_enum_v<T>

  constexpr void add(T x) { add(static_cast<std::uint64_t>(x)); }

  // A position, a ballot, an id.
  template <typename T>

  requires requires(const T& x) {
    { x.value } -> std::convertible_to<std::uint64_t>;
  }

  constexpr void add(const T& x) { add(std::uint64_t{x.value}); }

  // An instant or a duration.
  template <typename T>

  requires requires(const T& x) {
    { x.ns() } -> std::convertible_to<std::int64_t>;
  }

  constexpr void add(const T& x) { add(static_cast<std::uint64_t>(x.ns())); }

  template <typename T>
  constexpr void add(const std::optional<T>& x) {
    add(std::uint64_t{x.has_value()});
    if (x) add(*x);
  }

  constexpr StateName name() const { return name_; }

 private:
  StateName name_{.high = 0x13198a2e03707344ULL, .low = 0x243f6a8885a308d3ULL};
};

// Of an ordered pair.
constexpr StateName chained(const StateName& first, const StateName& second) {
  StateHash hash;
  hash.add(first);
  hash.add(second);
  return hash.name();
}

}  // namespace holdfast
