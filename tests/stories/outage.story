# One page for an outage, one word when it is over, and the last one when the six conditions hold.
PPPP x3
RRRR x2
RRRR -> firing outage total critical first=health
RRRR x5
PPPP x2
PPPP -> recovered outage total critical
PPPP x3
PPPP -> resolved outage total critical
expect none open
PPPP x10

# A blip of two sweeps pages nobody.
RRRR x2
PPPP
RRRR x2
PPPP x5
expect none open

# It worsens: escalated, once.
FPPP x2
FPPP -> firing outage degraded error first=health
RRRR x2
RRRR -> escalated outage total critical
RRRR x5
# Bad again before it was resolved: the same incident, no new page.
PPPP x3 -> recovered outage
RPPP -> relapsed outage
RPPP x3
PPPP x3 -> recovered outage
PPPP x4 -> resolved outage

# Worse when it comes back: the same incident, and what is worse is confirmed and escalated, because a pager does not hear
# of a relapse.
PPPP x2
FPPP x3 -> firing outage degraded error
PPPP x3 -> recovered outage degraded error
RRRR -> relapsed outage degraded error
RRRR
RRRR -> escalated outage total critical
PPPP x3 -> recovered outage total critical
PPPP x4 -> resolved outage total critical

# A surface that could not be read proves no recovery.
FPPP x3 -> firing outage
TPPP x10
PPPP x3 -> recovered outage
