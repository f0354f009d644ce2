# Drift rests on results, not on sweeps that repeat one: one result pages nobody, two in a row do.
set check
PPPP sync x2
PPPP drift
PPPP x10
PPPP sync x3
PPPP drift x2 -> firing drift degraded warning first=check:materialization
PPPP x5
PPPP sync x2
PPPP sync -> recovered drift
PPPP sync x4 -> resolved drift

# A broken check is ours, and never drift.
PPPP broken x2 -> firing observer degraded warning first=check:materialization
PPPP sync x3 -> recovered observer
PPPP sync x4 -> resolved observer

# Drift explains a readiness that falls within five minutes of it, unless somebody has acknowledged the drift.
PPPP drift x2 -> firing drift
PPFP drift x5
expect open readiness inhibited
ack drift -> acknowledged drift
PPFP drift -> firing readiness total error
PPPP sync x2
PPPP sync -> recovered drift; recovered readiness
PPPP sync x4 -> resolved drift; resolved readiness

# An hour later it is a fault of its own.
PPPP drift x2 -> firing drift
PPPP drift x20
PPFP drift x2
PPFP drift -> firing readiness
PPPP sync x3 -> recovered drift; recovered readiness
PPPP sync x4 -> resolved drift; resolved readiness
