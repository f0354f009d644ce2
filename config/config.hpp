#pragma once
// The structs of the configuration live in core/config; this name is kept until nobody includes it.
#include "core/config/config.hpp"
