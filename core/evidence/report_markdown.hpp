#pragma once
// The report as Markdown, to be copied into a ticket or a review: the short form, without bodies.
#include <string>

#include "core/evidence/report.hpp"

namespace readback::parts {

std::string markdown_of(const BundleFiles& files, const ReportContext& context);

}  // namespace readback::parts
