# Good sweeps before the page do not count towards the recovery after it: three in a row, and since the last bad one.
PPPP x20
silence 5m
RRRR x6
PPPP x2
RRRR x2
expect open outage muted
RRRR -> firing outage total critical
PPPP x2
PPPP -> recovered outage
