"""Exit codes, fixed: scripts tell a regression from a crash by them."""

FINE = 0
FINDINGS = 1
BAD_INPUT = 2
OUR_FAULT = 3
INTERRUPTED = 130  # the shell's own: 128 + SIGINT
TERMINATED = 143  # 128 + SIGTERM
