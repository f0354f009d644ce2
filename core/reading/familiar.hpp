#pragma once
// An answer that passes comes again with other stamps, ids and numbers, hundreds of times a day. It then passes again:
// of those values that no rule looks into, or into which each rule sees the same, it is known where they stand, and the
// rest is the same to the byte. Everything else, and whatever is not wholly well, is judged from the beginning.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/raw_read.hpp"
#include "core/model/reading.hpp"
#include "core/reading/stamps.hpp"
#include "core/reading/tree.hpp"

namespace readback {

class Familiar {
 public:
  struct Again {
    const SurfaceReading& reading;  ///< of the answer that was judged, without what its age and its time say
    std::vector<FoundStamp> stamps;
  };
  /// What the answer reads, when the last one that was learned reads the same. `rules` are those it was learned under.
  std::optional<Again> again(const HttpAnswer& answer, const PartRules& rules);

  /// An answer was judged that did not come again: `body` is what its text was parsed to, `stamps` were found in it.
  void learn(const HttpAnswer& answer, const boost::json::value& body, const FoundStamps& stamps,
             const SurfaceReading& reading, const PartRules& rules);
  /// The rules have changed.
  void forget() { known_.reset(); }

 private:
  struct Known;
  std::shared_ptr<const Known> known_;
  unsigned learned_ = 0;  ///< without that it came again: less and less is tried
  unsigned judged_ = 0;   ///< since one was learned
};

}  // namespace readback
