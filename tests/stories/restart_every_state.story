# A restart in each state: nothing is paged twice, nothing is lost, no counter begins anew.
set paths=checkout
PPPP x3
# suspected
RRRR checkout=bad x2
restart
RRRR checkout=bad -> firing outage total critical
# inhibited: the path stays bad when the outage is over
RRRR checkout=bad x2
restart
PPPP checkout=bad x2
restart
PPPP checkout=bad -> recovered outage; firing product total error
restart
PPPP checkout=bad x3
# recovering
PPPP x2
restart
PPPP -> recovered product
# recovered, and the settle time goes on while nobody watches
PPPP
restart
wait 2m
PPPP -> resolved outage; resolved product
restart
expect none open
# muted
silence 5m
RRRR x5
expect open outage muted
restart
RRRR x4
expect open outage muted
restart
RRRR x2 -> firing outage total critical
restart
RRRR
# escalating, reminded
PPPP x3 -> recovered outage
PPPP x4 -> resolved outage
WPPP x3 -> firing outage degraded error
RRRR x2
restart
RRRR -> escalated outage total critical
wait 3h
restart
RRRR
wait 1h
restart
RRRR -> reminder outage total critical
restart
RRRR x3
# flapping
PPPP x3 -> recovered outage
alternate RRRR PPPP x22 -> relapsed outage; intermittent outage intermittent critical
restart
alternate RRRR PPPP x22
restart
PPPP x16 -> recovered outage
