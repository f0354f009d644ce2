#pragma once
// A value that many hold and nobody changes: a copy is a pointer. Who changes his has one of his own from then on.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace readback {

template <class T>
class Shared {
 public:
  Shared() = default;                                                 ///< `T()`, which costs nothing
  Shared(T value) : value_(std::make_shared<T>(std::move(value))) {}  // NOLINT(google-explicit-constructor): it is one

  const T& operator*() const { return value_ ? *value_ : nothing(); }
  const T* operator->() const { return &**this; }
  operator const T&() const { return **this; }  // NOLINT(google-explicit-constructor): it is read as one

  /// Not while another thread takes a copy of this very object.
  T& edit() {
    if (!value_ || value_.use_count() != 1) value_ = std::make_shared<T>(**this);
    return *value_;
  }

 private:
  static const T& nothing() {
    static const T value{};
    return value;
  }
  std::shared_ptr<T> value_;
};

/// The text in hands that share it: those of who holds it already, or new ones.
inline Shared<std::string> shared_text(std::string_view text, const Shared<std::string>& held) {
  return *held == text ? held : Shared(std::string(text));
}

}  // namespace readback
