# Versions that alternate are a partial rollout where no check is configured to settle it.
1111 x5
2111
1111
2111
1111 x2 -> firing drift degraded warning
1111 x10 -> recovered drift
1111 x4 -> resolved drift
# One upgrade is none.
2222 x12
expect none open
