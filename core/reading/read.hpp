#pragma once
#include "config/config.hpp"
#include "core/model/reading.hpp"
namespace readback {
SurfaceReading read_surface(const TargetConfig&, const SurfaceConfig&, const RawRead&);
CheckReading read_check(const CheckConfig&, const RawRead&);
PathReading read_path(const PathConfig&, const RawRead&);
}  // namespace readback
