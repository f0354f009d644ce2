#pragma once
// What nearly every file of core and config reads: only libraries, never a header of ours. A convenience of the build;
// no file relies on it.
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>
