# Root and consequences fail together, right after a start: one page. The root ends, a consequence stays: that one pages then.
set paths=checkout
RRRR checkout=bad x2
RRRR checkout=bad -> firing outage total critical first=health
RRRR checkout=bad x3
PPFP checkout=bad x2
PPFP checkout=bad -> recovered outage; firing readiness total error
PPFP checkout=bad x3
PPPP checkout=bad x2
PPPP checkout=bad -> recovered readiness; firing product total error
PPPP x3 -> recovered product
PPPP x4 -> resolved outage; resolved readiness; resolved product
expect none open

# A readable no of the security surface is not explained by an outage; a gateway's page is.
FFFF x2
FFFF -> firing outage total critical; firing security total critical
PPPP x3 -> recovered outage; recovered security
PPPP x4 -> resolved outage; resolved security
MMMM x3 -> firing outage total critical
PPPM x2
PPPM -> recovered outage; firing security total critical
PPPP x3 -> recovered security
PPPP x4 -> resolved outage; resolved security

# An outage over an open security incident leaves it open.
PPPF x3 -> firing security total critical
RRRR x2
RRRR -> firing outage
PPPR x2
PPPR -> recovered outage
PPPP x3 -> recovered security
PPPP x4 -> resolved outage; resolved security
