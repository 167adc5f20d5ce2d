#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace holdfast {

// A void() callable kept in place, never on the heap: for callables that are made for every message
// and hold one.  Move-only.  What does not fit into `Bytes` does not compile.
template <std::size_t Bytes>
class InlineFunction {
 public:
  template <typename F>

  requires(!std::is_same_v<std::remove_cvref_t<F>, InlineFunction> &&
           std::is_invocable_v<std::decay_t<F>&>) InlineFunction(F&& function)
      : actions_(&kActions<std::decay_t<F>>) {
    using Stored = std::decay_t<F>;
    static_assert(sizeof(Stored) <= Bytes, "hold less, or raise Bytes");
    static_assert(alignof(Stored) <= alignof(std::max_align_t));
    static_assert(std::is_nothrow_move_constructible_v<Stored>);
    ::new (static_cast<void*>(bytes_)) Stored(std::forward<F>(function));
  }

  InlineFunction(InlineFunction&& other) noexcept : actions_(other.actions_) {
    actions_->move(other.bytes_, bytes_);
  }

  InlineFunction& operator=(InlineFunction&& other) noexcept {
    if (this == &other) return *this;
    actions_->destroy(bytes_);
    actions_ = other.actions_;
    actions_->move(other.bytes_, bytes_);
    return *this;
  }

  ~InlineFunction() { actions_->destroy(bytes_); }

  void operator()() { actions_->call(bytes_); }

 private:
  struct Actions {
    void (*call)(std::byte*);
    void (*move)(std::byte* from, std::byte* to);
    void (*destroy)(std::byte*);
  };

  template <typename Stored>
  static Stored& stored(std::byte* bytes) {
    return *std::launder(reinterpret_cast<Stored*>(bytes));
  }

  template <typename Stored>
  static constexpr Actions kActions{
      .call = [](std::byte* bytes) { stored<Stored>(bytes)(); },
      .move =
          [](std::byte* from, std::byte* to) {
            ::new (static_cast<void*>(to)) Stored(std::move(stored<Stored>(from)));
          },
      .destroy = [](std::byte* bytes) { std::destroy_at(&stored<Stored>(bytes)); }};

  const Actions* actions_;
  alignas(std::max_align_t) std::byte bytes_[Bytes];
};

}  // namespace holdfast
