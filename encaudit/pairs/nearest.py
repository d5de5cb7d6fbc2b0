"""Which points of a cloud are the nearest to each other? Exact, by blocks or by a tree, and not searched for twice."""

from dataclasses import dataclass

import numpy as np

from encaudit.pairs.all_pairs import columns_of
from encaudit.pairs.spans import in_threads, processors

MOST_DIMENSIONS_OF_TREE = 8  # above, a tree visits most of its leaves: at 16 it is five times slower than blocks


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest other points of some points of a cloud of ``n``.

    - ``asked`` ``m``: whose neighbours these are, as rows of the cloud, ascending.
    - ``nearest`` ``m k``: rows of the cloud, nearest first; ``distance`` ``m k``: how far they are.
    """

    n: int
    asked: np.ndarray
    nearest: np.ndarray
    distance: np.ndarray


def nearest_others(points: np.ndarray, k: int, rows: np.ndarray | None = None) -> Neighbours:
    """Find the k nearest other points of the points (``n d``) in these rows (all), by blocks.

    A point is not its own neighbour, but its duplicates are; ties go by row.
    """
    asked = np.arange(len(points)) if rows is None else rows
    return Neighbours(len(points), asked, *_by_blocks(points[asked], points, k, asked))


def nearest_of_all(points: np.ndarray, k: int, known: Neighbours | None = None) -> Neighbours:
    """Find the k nearest other points of all points (``n d``); ties go by row, or as the tree has them.

    ``known`` are the neighbours, k or more, of some of the first points among these first ones: they are compared with
    the further points only. The others are looked up in a tree, or in blocks where a tree is slower.
    """
    if known is None:
        known = Neighbours(0, np.empty(0, np.int64), np.empty((0, k), np.int64), np.empty((0, k)))
    n, first = len(points), known.n
    nearest, distance = np.empty((n, k), np.int64), np.empty((n, k))
    further, away = _by_blocks(points[known.asked], points[first:], min(k, n - first))
    rows = np.hstack([known.nearest[:, :k], first + further])
    apart = np.hstack([known.distance[:, :k], away])
    order = np.argsort(apart, axis=1, kind="stable")[:, :k]
    nearest[known.asked], distance[known.asked] = (np.take_along_axis(each, order, axis=1) for each in (rows, apart))
    rest = np.setdiff1d(np.arange(n), known.asked)
    search = _by_tree if points.shape[1] <= MOST_DIMENSIONS_OF_TREE else _by_blocks
    nearest[rest], distance[rest] = search(points[rest], points, k, rest)
    return Neighbours(n, np.arange(n), nearest, distance)


def _by_blocks(
    queries: np.ndarray, points: np.ndarray, k: int, own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and distances (``m k``) of the points nearest to queries; ``own`` are the rows of the queries."""
    from encaudit.pairs.kernels import find_nearest

    own = np.full(len(queries), -1) if own is None else own
    nearest, squares = np.empty((len(queries), k), dtype=np.int64), np.full((len(queries), k), np.inf)
    columns = columns_of(points)

    def find(span: slice) -> None:
        find_nearest(queries[span], columns, own[span], nearest[span], squares[span])

    if k:
        in_threads(find, len(queries))
    return nearest, np.sqrt(squares)


def _by_tree(queries: np.ndarray, points: np.ndarray, k: int, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial import KDTree

    found = KDTree(points).query(queries, k + 1, workers=processors())
    distance, nearest = (np.asarray(each) for each in found)
    others = nearest != own[:, None]
    others[others.all(axis=1), k] = False  # a point whose duplicates left no place for itself
    return nearest[others].reshape(-1, k), distance[others].reshape(-1, k)
