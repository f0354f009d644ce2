# A runbook must be named where the house demands it.
set attest
RRRR x3 -> firing outage
PPPP x3 -> recovered outage
PPPP x20
expect open outage recovered
attest outage
PPPP -> resolved outage
# A path that failed has to work again before anything counts as resolved.
set paths=checkout,agent
RRRR checkout=bad x3 -> firing outage
PPPP checkout=bad x3 -> recovered outage; firing product degraded error
PPPP x3 -> recovered product
attest outage
attest product
PPPP x4 -> resolved outage; resolved product
# What people see counts, though every surface is green: it closes only when somebody says how.
symptom users cannot pay -> firing product degraded info
PPPP x20
expect open product firing
attest product
PPPP x3 -> recovered product
PPPP x4 -> resolved product
expect none open
