# Our own network: the state of the stack is unknown, not down.
PPPP x2
LLLL x2
LLLL -> firing observer total warning
LLLL x17
LLLL -> escalated observer total critical
PPPP x3 -> recovered observer
PPPP x4 -> resolved observer

# With references: nothing answers anywhere, so it is us. Here the outage was there before, and stays open unseen.
set references
RRRR refs=up x3 -> firing outage total critical
RRRR refs=down x3 -> firing observer total warning
RRRR refs=up x3 -> recovered observer
PPPP refs=up x3 -> recovered outage
PPPP refs=up x4 -> resolved observer; resolved outage

# Every guarded surface refuses our credentials: ours, not theirs.
PDDD x3 -> firing observer degraded warning
PPPP x3 -> recovered observer
PPPP x4 -> resolved observer
# One of them does, while the others accept: that surface is at fault.
PPPD x3 -> firing security degraded error
PPPP x3 -> recovered security
PPPP x4 -> resolved security
