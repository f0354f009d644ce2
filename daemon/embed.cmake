# Turns a file of a page (CSS, JavaScript) into a header with its text as a constant, when the build runs:
#
#   cmake -DFROM=status_page.css -DTO=embedded/status_page_css.hpp -DNAME=status_page_css -P embed.cmake
#
# Comments that have lines of their own and the indentation are for whoever reads the file and are not sent: a page is
# asked for again every few seconds. What the page says of this text, its hash, is computed from the same constant.
file(READ ${FROM} text)
string(REGEX REPLACE "\n[ \t]+" "\n" text "\n${text}")
string(REGEX REPLACE "\n//[^\n]*" "" text "${text}")
string(REGEX REPLACE "\n/\\*[^*]*\\*/" "" text "${text}")
string(REGEX REPLACE "\n\n+" "\n" text "${text}")
get_filename_component(source ${FROM} NAME)
file(WRITE ${TO} "#pragma once
// Made from ${source} by daemon/embed.cmake.
#include <string_view>

namespace readback {

inline constexpr std::string_view ${NAME} = R\"embedded(${text})embedded\";

}  // namespace readback
")
