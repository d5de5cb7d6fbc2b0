"""cryoDRGN's logging set-up stays its own."""

import subprocess
import sys

PROGRAM = """
import logging
mine = logging.getLogger("mine")
import encaudit.types
import cryodrgn.pose
logging.getLogger("cryodrgn.pose").info("chatter")
assert not mine.disabled
assert logging.getLogger().handlers == []
assert logging.getLogger().level == logging.WARNING
logging.getLogger("cryodrgn.pose").error("trouble")
"""


def test_importing_leaves_other_loggers_and_stdout_alone() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == "trouble\n"
