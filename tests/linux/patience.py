"""Limits end what hangs; nothing is said of speed by them: what is waited for is an event."""

# The limits that tests give are those of a machine that has nothing else to do; a busy one has so many times as long.
PATIENCE = 4
LIMIT_S = 60  # of a socket of the tests' own, on any machine
