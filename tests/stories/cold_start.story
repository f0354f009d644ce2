# Nothing is green before it was seen green, and nothing pages on fewer sweeps than a confirmation needs.
set paths=checkout
TTTT checkout=none x5
expect none open
.... checkout=none x3
RRRR checkout=none x2
expect none open
RRRR checkout=none -> firing outage total critical
