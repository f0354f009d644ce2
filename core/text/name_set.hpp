#pragma once
// A few names, each once and in order, in one piece of memory: thousands of incidents have five such sets, most of them
// empty or of one name, and a tree of them takes three times as much.
#include <boost/container/flat_set.hpp>
#include <string>

namespace readback {

using NameSet = boost::container::flat_set<std::string>;

template <class Which>
void erase_where(NameSet& names, const Which& is_gone) {
  for (auto at = names.begin(); at != names.end();) at = is_gone(*at) ? names.erase(at) : at + 1;
}

}  // namespace readback
