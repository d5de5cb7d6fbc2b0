"""Exact sums and counts over all n^2 pairs of two clouds of points, block by block, without an n x n matrix.

Distances are computed directly (not by the expansion of the square), so that a point's distance to itself is exactly 0
and equal distances stay equal; SciPy releases the interpreter lock, so the blocks run in threads.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

BLOCK_ENTRIES = 2**20  # distances held at once by a thread: 8 MB
SPANS = 64  # tasks; fixed, so that the order of summation does not depend on the number of threads
TIE = 1e-12  # relative; symmetric configurations differ by rounding, float32 latents by far more


@dataclass(frozen=True, eq=False)
class PairDistances:
    """What is kept of the distances |query_i - point_j|, for queries and points that belong together by row.

    Of the n - 1 points j != i: ``nearer`` (``n``) are nearer to query i than its own point i, ``tied`` (``n``) as near.
    ``query_sum`` and ``point_sum`` (``n``) are the sums of the distances of each query and of each point.
    """

    nearer: np.ndarray
    tied: np.ndarray
    query_sum: np.ndarray
    point_sum: np.ndarray


def pair_distances(queries: np.ndarray, points: np.ndarray, block_entries: int = BLOCK_ENTRIES) -> PairDistances:
    """Compare every query with every point; both ``n d`` float64."""
    n = len(points)
    nearer, tied = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    query_sum, point_sum = np.empty(n), np.zeros(n)

    def sum_over_span(span: range) -> np.ndarray:
        partial = np.zeros(n)
        buffer = np.empty((span.step, n))
        for start in span:
            rows = slice(start, min(start + span.step, span.stop))
            distance = cdist(queries[rows], points, out=buffer[: rows.stop - rows.start])
            own = np.diagonal(distance, offset=start)[:, None]
            nearer[rows] = np.count_nonzero(distance < own * (1 - TIE), axis=1)
            up_to_own = np.count_nonzero(distance <= own * (1 + TIE), axis=1)
            tied[rows] = up_to_own - nearer[rows] - 1  # its own point is not a rival
            query_sum[rows] = distance.sum(axis=1)
            partial += distance.sum(axis=0)
        return partial

    for partial in _in_threads(sum_over_span, n, block_entries):
        point_sum += partial
    return PairDistances(nearer, tied, query_sum, point_sum)


def distance_sums(points: np.ndarray, block_entries: int = BLOCK_ENTRIES) -> np.ndarray:
    """Return the sum of the distances of each point (``n d`` float64) to all points: ``n``; each pair is seen once."""
    n = len(points)
    sums = np.zeros(n)

    def sum_over_span(span: range) -> np.ndarray:
        partial = np.zeros(n)
        buffer = np.empty(span.step * n)
        for start in span:
            stop = min(start + span.step, span.stop)
            shape = (stop - start, n - start)
            distance = cdist(points[start:stop], points[start:], out=buffer[: shape[0] * shape[1]].reshape(shape))
            partial[start:stop] += distance.sum(axis=1)
            partial[stop:] += distance[:, stop - start :].sum(axis=0)
        return partial

    for partial in _in_threads(sum_over_span, n, block_entries):
        sums += partial
    return sums


def _in_threads(task: Callable[[range], np.ndarray], n: int, block_entries: int) -> Iterator[np.ndarray]:
    """Run a task over spans of rows (whose step is the number of rows of a block); results in order of the rows."""
    rows = max(1, block_entries // n)
    width = -(-n // SPANS)
    spans = [range(start, min(start + width, n), min(rows, width)) for start in range(0, n, width)]
    with ThreadPoolExecutor(_processors()) as pool:
        yield from pool.map(task, spans)


def _processors() -> int:
    """Return how many processors this process may use; not every platform can tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
