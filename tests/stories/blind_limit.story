# Blindness is measured from when it began, not from when something else was wrong with the observer.
set check
PPPP sync
PPPP broken
PPPP broken -> firing observer degraded warning
PPPP broken x30
# The broken check has stood for a quarter of an hour when the network goes as well.
LLLL x2
LLLL -> escalated observer total warning
LLLL x17
LLLL -> escalated observer total critical
PPPP broken x5
PPPP sync x3 -> recovered observer
PPPP sync x4 -> resolved observer
# Two spells that are each shorter than the limit are not one that is longer.
LLLL x3 -> firing observer total warning
LLLL x12
PPPP
LLLL x15
PPPP x3 -> recovered observer
