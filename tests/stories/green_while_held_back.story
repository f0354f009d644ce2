# A moment of green while nobody has been told is no recovery: the page that comes afterwards has a snapshot from before it,
# and resolves by itself.
set failures=3 recoveries=3 settle=2m interval=30s
PPPP x20
FFWP x2
FFWP                   -> firing outage degraded
expect open readiness inhibited
PPPP
PPWP
PPWP                   -> recovered outage; firing readiness
PPPP x2
PPPP                   -> recovered readiness
PPPP
PPPP                   -> resolved outage
PPPP
PPPP                   -> resolved readiness
expect none open

# The same behind a silence.
PPPP x20
silence 3m
RRRR x4
PPPP
RRRR
expect open outage muted
RRRR                   -> firing outage total critical
PPPP x2
PPPP                   -> recovered outage
PPPP x3
PPPP                   -> resolved outage
expect none open
