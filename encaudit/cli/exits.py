"""Exit codes, fixed: scripts tell a regression from a crash by them."""

FINE = 0
FINDINGS = 1
BAD_INPUT = 2
OUR_FAULT = 3
