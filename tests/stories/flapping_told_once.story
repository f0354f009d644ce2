# A rate that swings about the thresholds of flapping is told once, and not each time it crosses one of them.
set settle=10m
PPPP x21
alternate RRRR RRRR RRRR RRRR RRRR RRRR RRRR PPPP x160 -> firing outage total critical; intermittent outage intermittent critical
PPPP x45 -> recovered outage; resolved outage
# What relapses again and again within a short while flaps as well.
PPPP x21
RRRR x3 -> firing outage total critical
PPPP x3 -> recovered outage
RRRR -> relapsed outage total critical
PPPP x3 -> recovered outage
RRRR -> relapsed outage total critical
PPPP -> intermittent outage intermittent critical
RRRR x2
PPPP x45 -> recovered outage; resolved outage
# While a silence holds the news back it is kept, and told when the silence ends and it still flaps.
PPPP x21
RRRR x3 -> firing outage total critical
silence outage 10m
alternate PPPP RRRR x22 -> intermittent outage intermittent critical
# What was told as total, flaps, and is total again has not become worse.
RRRR x40
