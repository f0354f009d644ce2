# A surface that never was there is no part of the platform: an outage beside it ends, and the next one is a page of its own.
PPPN x3 -> firing observer degraded warning first=security
PPPN x10
PFPN x3 -> firing outage degraded error first=services
PPPN x3 -> recovered outage
PPPN x4 -> resolved outage
expect open observer firing
PPPN x40
RRRR x3 -> firing outage total critical first=health
PPPN x3 -> recovered outage
PPPN x4 -> resolved outage
