# A relapse is news: no reminder follows on its heels. And what fails hours later began then, whatever still stands.
PFPP x3 -> firing outage degraded error first=services
PPWP x3 -> recovered outage; firing readiness degraded warning
PPWP x20
wait 5h
PPWP -> reminder readiness
PFWP -> relapsed outage
PFWP x5
