"""What libraries read from the environment once, before they are imported; what the user has set stays."""

import os
import sys


def prepare_libraries() -> None:
    """Let equal runs give equal bits, and every library keep to the threads it was given."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # with it cuBLAS gives the same bits again
    threads = os.environ.get("OMP_NUM_THREADS")
    if threads and "numba" not in sys.modules:
        os.environ.setdefault("NUMBA_NUM_THREADS", threads.split(",")[0])  # else numba raises it for torch too
