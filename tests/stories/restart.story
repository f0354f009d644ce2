# A restart changes nothing: no second page, and what recovered meanwhile is told with the same incident.
PPPP x2
RRRR x3 -> firing outage total critical
restart
RRRR x5
restart
PPPP x2
restart
PPPP -> recovered outage
restart
PPPP x4 -> resolved outage
restart
PPPP x3
# A reload that edits thresholds keeps counters and incidents.
RRRR x2
reload failures=4
RRRR
RRRR -> firing outage
reload failures=2 settle=1m
RRRR x4
PPPP x3 -> recovered outage
PPPP x2 -> resolved outage
reload failures=3
RRRR x3 -> firing outage
drop target -> resolved outage
