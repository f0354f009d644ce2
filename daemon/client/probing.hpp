#pragma once
// A platform read once, without a daemon: its four surfaces, and where health answers are usually found.
#include <string>
#include <vector>

#include "core/config/target.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/view.hpp"
#include "core/reading/read.hpp"
#include "core/text/result.hpp"
#include "daemon/read/sweep.hpp"

namespace readback {

using ProbeHeaders = TargetReader::Headers;

/// The headers of the command line, in order: 'NAME: VALUE', or @FILE with such lines. The failure never repeats a
/// line, which may hold a key.
Result<ProbeHeaders> probe_headers(const std::vector<std::string>& words);

/// One sweep of the target's surfaces, with GET only.
Result<std::vector<RawRead>> read_once(const TargetConfig& target, const ProbeHeaders& headers);

/// The verdict of these reads alone, as if they were a recording.
TargetView judged(const TargetConfig& target, const std::vector<RawRead>& reads);

/// A usual route that answers with something else than a refusal, a redirect or a page.
struct Discovered {
  std::string path;
  SurfaceRole role = SurfaceRole::health;
  SurfaceReading said;
  bool by_status = false;  ///< its body cannot be judged: the status code has to be the answer
};
/// Which of the usual routes answer, in the order in which they are preferred.
std::vector<Discovered> discover(const TargetConfig& target, const ProbeHeaders& headers);

/// "/health" of "http://host/health": a base URL that ends in a route that is asked anyway; "" when it does not.
std::string route_at_the_end(const std::string& base_url);

/// Is it no surface of this platform: not there, turned away, a page?
bool is_no_surface(const SurfaceReading& said, const RawRead& raw);

}  // namespace readback
