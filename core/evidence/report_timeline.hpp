#pragma once
// The picture of the reads around a failure, as SVG with its key.
#include <string>

#include "core/evidence/bundle.hpp"

namespace readback::parts {

std::string timeline_html(const BundleFiles& files);

}  // namespace readback::parts
