"""Exact counts, sums and neighbours over all pairs of two clouds of points, without an n x n matrix.

The loops are numba's (see ``kernels``: 5 s for 1e10 pairs in 8 dimensions on two cores, a sixth of what blocks of
SciPy's cdist and numpy's comparisons take); spans of queries run in threads of our own, so no other pool competes.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

T = TypeVar("T")

SPANS = 64  # tasks; fixed, so that the order of summation does not depend on the number of threads
TIE = 1e-12  # relative; symmetric configurations differ by rounding, float32 latents by far more


def count_nearer(queries: np.ndarray, points: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many points are nearer to a query than the point that is its target, and how many others are as near?

    ``queries`` is ``m d``, ``points`` ``n d``, ``targets`` ``m`` (rows of the points): two times ``m`` counts.
    """
    from encaudit.metrics.kernels import count_up_to

    below, up_to = np.zeros((2, len(queries)), dtype=np.int64)
    low, high = _borders(queries, points[targets])
    columns = _columns(points)

    def count(rows: slice) -> None:
        count_up_to(queries[rows], columns, low[rows], high[rows], below[rows], up_to[rows])

    _in_threads(count, len(queries))
    return below, up_to - below - 1  # the target is no rival of its own


def hits_of_points(queries: np.ndarray, points: np.ndarray, targets: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """To how many queries is each point nearer than their target, ties half, by weight of the query (``m``)? ``n``."""
    from encaudit.metrics.kernels import count_hits

    low, high = _borders(queries, points[targets])
    columns = _columns(points)

    def count(rows: slice) -> np.ndarray:
        hits = np.zeros(len(points))
        count_hits(queries[rows], columns, low[rows], high[rows], weight[rows], hits)
        return hits

    return _total(_in_threads(count, len(queries)))


def distance_sums(queries: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of the distances of each query (``m d``) to all points (``n d``), and of each point: m, n."""
    from encaudit.metrics.kernels import sum_distances

    of_queries = np.zeros(len(queries))
    columns = _columns(points)

    def add(rows: slice) -> np.ndarray:
        of_points = np.zeros(len(points))
        sum_distances(queries[rows], columns, of_queries[rows], of_points)
        return of_points

    return of_queries, _total(_in_threads(add, len(queries)))


def nearest_others(points: np.ndarray, k: int, rows: np.ndarray | None = None) -> np.ndarray:
    """Return the k nearest other points of the points (``n d``) in these rows (all), nearest first: ``m k``.

    A point is not its own neighbour, but its duplicates are; ties go by row.
    """
    from encaudit.metrics.kernels import find_nearest

    own = np.arange(len(points)) if rows is None else rows
    nearest, squares = np.empty((len(own), k), dtype=np.int64), np.full((len(own), k), np.inf)
    columns = _columns(points)

    def find(span: slice) -> None:
        find_nearest(points[own[span]], columns, own[span], nearest[span], squares[span])

    _in_threads(find, len(own))
    return nearest


def _borders(queries: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances of queries to their targets, less and more by what counts as a tie."""
    squares = ((queries - targets) ** 2).sum(axis=1)
    return squares * (1 - TIE) ** 2, squares * (1 + TIE) ** 2


def _columns(points: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(points.T)


def _total(parts: list[np.ndarray]) -> np.ndarray:
    return np.asarray(sum(parts[1:], start=parts[0]))


def _in_threads(task: Callable[[slice], T], n: int) -> list[T]:
    """Run a task over spans of rows; results in the order of the rows."""
    width = -(-n // SPANS)
    with ThreadPoolExecutor(_processors()) as pool:
        return list(pool.map(task, [slice(start, min(start + width, n)) for start in range(0, n, width)]))


def _processors() -> int:
    """Return how many processors this process may use; not every platform can tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
