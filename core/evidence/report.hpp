#pragma once
// One self-contained HTML page of a snapshot: for a phone at night, a dark room and a printer. It loads nothing,
// runs one small script of its own that its policy names (times become the reader's), and shows every body as text,
// because a body is what a stranger wrote. What changed is told by names, and all of it in short as Markdown to copy.
#include <string>
#include <vector>

#include "core/evidence/bundle.hpp"

namespace readback {

/// What another host of the fleet has sealed about the same episode.
struct VantagePoint {
  std::string host, snapshot;  ///< an id
  BundleFiles files;           ///< empty: it could not be had
  std::string trouble;         ///< why
};

/// What a report is made of besides the bundle.
struct ReportContext {
  /// What the daemon says of the incident now (`GET /v1/incidents/{id}`): the alerts with their answers, what happened
  /// since, the ledger as it stands. Empty when there is only the bundle.
  std::string incident;
  std::string host;                   ///< as the fleet calls the bundle's; "": as the bundle does
  std::vector<VantagePoint> vantage;  ///< of the others, in the order in which they are shown
};

std::string render_report(const BundleFiles& files, const ReportContext& context);

}  // namespace readback
