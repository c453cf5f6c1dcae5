"""Time limits only end tests that hang. They say nothing about speed; tests wait for events."""

# The factor by which limits, which are for an idle machine, grow on a busy one.
PATIENCE = 4
LIMIT_S = 60  # of a socket of the tests, on any machine
