#pragma once
// What Readback says of itself on the page: who is told, its sinks, silences, and how it is.
#include <string>

#include "core/model/view.hpp"

namespace readback {

/// Whether an alert of now reaches anybody, as one line.
std::string told_html(const View& view);
std::string sinks_section(const View& view);
std::string silences_section(const View& view);
std::string itself_section(const View& view);

}  // namespace readback
