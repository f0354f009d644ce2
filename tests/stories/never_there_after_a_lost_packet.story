# A lost packet, or a gateway for a moment, does not show that it is there.
PNPP x3 -> firing observer degraded warning first=services
PNPP x5
PRPP
PNPP x5
PMPP
PNPP x10
expect open observer firing
# An answer of its own does.
PFPP x3 -> recovered observer; firing outage degraded error first=services
