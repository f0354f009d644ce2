#pragma once
// What may fail says so in its type: a value, or one sentence for the operator that tells what was being done, to what,
// and what happened. There is one kind of failure in this program; who needs to tell two failures apart returns a
// variant of its own. Exceptions mean a bug, a failed start-up or a cancellation.
#include <string>
#include <utility>
#include <variant>

namespace readback {

struct Failure {
  std::string text;  ///< operator language, one line, no full stop
};

/// A value or a Failure. Ask before you take: `value()` of a failure and `error()` of a value throw.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : held_(std::in_place_index<1>, std::move(failure)) {}

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(held_); }
  const T& value() const& { return std::get<0>(held_); }
  T&& value() && { return std::get<0>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const std::string& error() const { return std::get<1>(held_).text; }
  /// The same failure, for whoever promised another kind of value.
  Failure failure() const { return std::get<1>(held_); }

 private:
  std::variant<T, Failure> held_;
};

/// For what brings nothing back: it was done, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : failure_(std::move(failure)), ok_(false) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const std::string& error() const { return failure_.text; }
  Failure failure() const { return failure_; }

 private:
  Failure failure_;
  bool ok_ = true;
};

}  // namespace readback
