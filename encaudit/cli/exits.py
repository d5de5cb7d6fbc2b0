"""Exit codes, fixed: scripts tell a regression from a crash by them."""

FINE = 0
FINDINGS = 1
BAD_INPUT = 2
OUR_FAULT = 3
INTERRUPTED = 130
# in general 128 + the number of a signal, as shells have it, for an interrupted run
