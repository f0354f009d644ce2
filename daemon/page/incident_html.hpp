#pragma once
// Incidents as HTML, Atom (RFC 4287) and SVG: texts made of what the daemon knows, nothing asked and nothing judged.
#include <optional>
#include <string>
#include <vector>

#include "core/history/spans.hpp"
#include "core/model/incident.hpp"

namespace readback {

/// What was searched for, as it was typed, and which part of what was found is shown.
struct IncidentListing {
  std::string text, target, boundary, state, since;
  std::vector<std::string> targets;  ///< all that are watched
  std::vector<IncidentRecord> found;
  std::size_t page = 1;  ///< from 1
  bool has_more = false;
};

std::string incidents_page(const IncidentListing& listing, WallTime now);
std::string incident_page(const IncidentRecord& incident, WallTime now);
/// The Content-Security-Policy of both: their own style, the script that tells times, and a form that asks this
/// listener.
std::string incident_pages_policy();

/// Who tells it, and since when.
struct FeedSource {
  std::string host, environment;
  WallTime started_at{};
};
/// The newest first, as they are given. Links are relative: under which name the listener is reached, it cannot know.
std::string atom_feed(const std::vector<IncidentRecord>& incidents, const FeedSource& source);

/// `word`: green, warning, error, critical or unknown.
std::string badge_svg(const std::string& label, const std::string& word, std::optional<double> uptime);

}  // namespace readback
