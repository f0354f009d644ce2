# Versions that alternated are not confirmed by sweeps in which nobody asked that surface again.
1111
2111
1111
2111
.111 x8
expect none open
1111
2111 -> firing drift degraded warning
