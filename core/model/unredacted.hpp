#pragma once
// Something that was received and not yet looked through. It can be moved and handed on, and nothing else: only the
// redactor opens it, so that a text that was never redacted cannot be stored, shown or judged. Forgetting it does not
// compile.
#include <utility>

namespace readback {

class Redactor;

template <class T>
class Unredacted {
 public:
  explicit Unredacted(T received) : received_(std::move(received)) {}

 private:
  friend class Redactor;
  T received_;
};

}  // namespace readback
