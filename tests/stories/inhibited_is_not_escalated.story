# A total outage escalates nothing that it inhibits.
set paths=checkout
PPWP x3 -> firing readiness degraded warning first=observability
PPWP x3
RRRR checkout=bad x8 -> firing outage total critical
PPPP x3 -> recovered outage; recovered readiness
PPPP x4 -> resolved outage; resolved readiness
