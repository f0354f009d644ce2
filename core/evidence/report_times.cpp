// Detection and recovery count from the first failure, because that is when users began to suffer; the acknowledgement
// counts from the page, because before it nobody could know.
#include "core/evidence/report_times.hpp"

#include "core/evidence/report_json.hpp"

namespace readback::parts {

std::vector<Step> steps_of(const boost::json::object& manifest, const boost::json::object& now) {
  const auto failed = time_at(object_at(manifest, "first_failure"), "at");
  if (!failed) return {};
  auto paged = time_at(now, "paged_at");
  if (!paged)
    paged = time_at(now.empty() ? object_at(object_at(manifest, "sweeps"), "at-page") : now,
                    now.empty() ? "at" : "confirmed_at");
  std::vector<Step> steps;
  const auto add = [&](const char* name, const char* since, const std::optional<WallTime>& from,
                       const std::optional<WallTime>& at) {
    Step step{name, since, at, std::nullopt};
    if (at && from) step.after = *at - *from;
    steps.push_back(std::move(step));
  };
  add("detected", "after the first failure", failed, paged);
  if (now.empty()) return steps;
  add("acknowledged", "after the page", paged, time_at(now, "acknowledged_at"));
  add("recovered", "after the first failure", failed, time_at(now, "recovered_at"));
  add("resolved", "after the first failure", failed, time_at(now, "resolved_at"));
  return steps;
}

}  // namespace readback::parts
