# One bad sweep in three for an hour never is three in a row, and yet it is no noise: one page, called intermittent.
PPPP x21
alternate RRRR PPPP PPPP x60 -> firing outage intermittent critical; intermittent outage intermittent critical
PPPP x30 -> recovered outage; resolved outage
expect none open
# One in ten for as long is noise, and is only kept in the history.
alternate RRRR PPPP PPPP PPPP PPPP PPPP PPPP PPPP PPPP PPPP x200
expect none open
