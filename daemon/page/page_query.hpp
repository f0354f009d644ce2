#pragma once
// What a reader asked to see of the page. Where nothing was asked, everything is shown.
#include <string>
#include <vector>

namespace readback {

struct PageQuery {
  std::string text;    ///< `?q=`: words, each of which must occur, without case
  std::string target;  ///< `?target=`: this one alone, whole

  bool asks() const { return !text.empty() || !target.empty(); }
  /// Does a thing of this target, which `words` tell of, belong to it?
  bool takes(const std::string& name, const std::string& words) const;
};

}  // namespace readback
