# A surface that was never read says nothing: it pages nobody, and it keeps nobody's incident open.
P... x3
R... x2
R... -> firing outage total critical
P... x2
P... -> recovered outage
# Not green either: what was never read was not verified.
P... x10
expect open outage recovered
PPPP x4
PPPP -> resolved outage
# One that was read, and is not read now, proves no recovery.
PFPP x3 -> firing outage degraded error first=services
P.PP x5
PPPP x2
P.PP
PPPP -> recovered outage
