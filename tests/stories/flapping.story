# Good and bad by turns for an hour: one incident, called intermittent, and no page per flip.
set settle=10m
PPPP x21
alternate RRRR PPPP x30 -> firing outage intermittent critical; intermittent outage intermittent critical
PPPP x40 -> recovered outage; resolved outage
expect none open
# An open incident that begins to flap says so once, and declares no recovery meanwhile.
RRRR x3 -> firing outage total critical
alternate PPPP RRRR x20 -> intermittent outage intermittent critical
PPPP x30 -> recovered outage
