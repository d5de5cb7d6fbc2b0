"""A task over spans of rows, in threads of our own, so that no other pool competes for the processors."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

SPANS = 64  # tasks; fixed, so that the order of summation does not depend on the number of threads


def in_threads(task: Callable[[slice], None], n: int) -> None:
    """Run a task over all spans of n rows."""
    with ThreadPoolExecutor(processors()) as pool:
        list(pool.map(task, _spans(n)))


def sum_in_threads(task: Callable[[slice], np.ndarray], n: int) -> np.ndarray:
    """Return the sum of what a task returns for all spans of n rows, in the order of the rows; few are held at once."""
    with ThreadPoolExecutor(processors()) as pool:
        parts = pool.map(task, _spans(n))
        total = next(parts)
        for part in parts:
            total += part
        return total


def processors() -> int:
    """Return how many processors this process may use; not every platform can tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _spans(n: int) -> Iterator[slice]:
    width = max(1, -(-n // SPANS))
    return (slice(start, min(start + width, n)) for start in range(0, n, width))
