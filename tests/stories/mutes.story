# A silence holds back the page, never the record; what is still bad when it ends pages then.
PPPP x2
silence 4m
RRRR x5
expect open outage muted
RRRR x5 -> firing outage total critical
# Recovery inside a silence is told: somebody was called.
silence 1h
PPPP x3 -> recovered outage
PPPP x4 -> resolved outage
wait 1h
# What began and ended in a silence was nobody's business.
silence outage 10m
RRRR x5
PPPP x10
expect none open
# Void sweeps count for nothing.
wait 10m
RRRR void x10
PPPP x2
expect none open
# An acknowledged incident is not repeated; another one is, every four hours.
RRRR x3 -> firing outage
wait 4h
RRRR -> reminder outage
ack outage -> acknowledged outage
wait 5h
RRRR
PPPP x3 -> recovered outage
PPPP x4 -> resolved outage
