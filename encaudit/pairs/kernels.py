"""Inner loops over all pairs of two clouds, compiled by numba; loaded only when needed, they release the interpreter.

Every distance is a sum of squared differences in float64 (not an expanded square, which loses digits far from the
origin), so a point is at distance exactly 0 from itself. Points come as columns, ``d n``, so that a block of them
stays in the cache while all queries of a span pass over it; rows of four dimensions at once fill the vector units.
"""

from typing import Any

import numpy as np
from numba import njit

BLOCK = 512  # points at once; with d = 8 they just fill the first-level cache
# sums may be taken in any order, which vector units need; numbers are finite
_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "nnan"})


@_compiled
def square_block(query: Any, columns: Any, start: int, block: Any) -> None:
    """Write into ``block`` (``m``) the squared distances of a query to the points ``start`` .. ``start + m - 1``."""
    d, m = columns.shape[0], block.shape[0]
    for j in range(m):
        block[j] = 0.0
    for k in range(0, d - 3, 4):
        q0, q1, q2, q3 = query[k], query[k + 1], query[k + 2], query[k + 3]
        p0, p1 = columns[k, start : start + m], columns[k + 1, start : start + m]
        p2, p3 = columns[k + 2, start : start + m], columns[k + 3, start : start + m]
        for j in range(m):
            s0, s1, s2, s3 = p0[j] - q0, p1[j] - q1, p2[j] - q2, p3[j] - q3
            block[j] += s0 * s0 + s1 * s1 + s2 * s2 + s3 * s3
    for k in range(d - d % 4, d):
        q, p = query[k], columns[k, start : start + m]
        for j in range(m):
            s = p[j] - q
            block[j] += s * s


@_compiled
def count_up_to(queries: Any, columns: Any, low: Any, high: Any, below: Any, up_to: Any) -> None:
    """Count for each query the points at a squared distance below ``low`` and up to ``high`` (all ``n``)."""
    block = np.empty(BLOCK)
    for start in range(0, columns.shape[1], BLOCK):
        squares = block[: min(BLOCK, columns.shape[1] - start)]
        for i in range(queries.shape[0]):
            square_block(queries[i], columns, start, squares)
            low_i, high_i, n_below, n_up_to = low[i], high[i], np.int32(0), np.int32(0)
            for j in range(squares.shape[0]):
                n_below += np.int32(squares[j] < low_i)
                n_up_to += np.int32(squares[j] <= high_i)
            below[i] += n_below
            up_to[i] += n_up_to


@_compiled
def count_hits(queries: Any, columns: Any, low: Any, high: Any, weight: Any, hits: Any) -> None:
    """Sum for each point the weights of the queries it is nearer to than ``low``; half of them up to ``high``."""
    block = np.empty(BLOCK)
    for start in range(0, columns.shape[1], BLOCK):
        squares = block[: min(BLOCK, columns.shape[1] - start)]
        found = hits[start : start + squares.shape[0]]
        for i in range(queries.shape[0]):
            square_block(queries[i], columns, start, squares)
            low_i, high_i, half = low[i], high[i], 0.5 * weight[i]
            for j in range(squares.shape[0]):
                found[j] += half * (squares[j] < low_i) + half * (squares[j] <= high_i)


@_compiled
def sum_distances(queries: Any, columns: Any, query_sum: Any, point_sum: Any) -> None:
    """Add up the distances of each query to all points, and of each point to all queries."""
    block = np.empty(BLOCK)
    for start in range(0, columns.shape[1], BLOCK):
        squares = block[: min(BLOCK, columns.shape[1] - start)]
        of_points = point_sum[start : start + squares.shape[0]]
        for i in range(queries.shape[0]):
            square_block(queries[i], columns, start, squares)
            total = 0.0
            for j in range(squares.shape[0]):
                distance = np.sqrt(squares[j])
                total += distance
                of_points[j] += distance
            query_sum[i] += total


@_compiled
def find_nearest(queries: Any, columns: Any, own: Any, nearest: Any, squares_kept: Any) -> None:
    """Keep for each query its nearest points in order (``n k``), its own point (``own``, ``n``) left out.

    ``squares_kept`` (``n k``) comes filled with infinity and goes with their squared distances.
    """
    block, k = np.empty(BLOCK), nearest.shape[1]
    for start in range(0, columns.shape[1], BLOCK):
        squares = block[: min(BLOCK, columns.shape[1] - start)]
        for i in range(queries.shape[0]):
            square_block(queries[i], columns, start, squares)
            worst = squares_kept[i, k - 1]
            for j in range(squares.shape[0]):
                if squares[j] < worst and start + j != own[i]:
                    place = k - 1
                    while place > 0 and squares_kept[i, place - 1] > squares[j]:
                        squares_kept[i, place] = squares_kept[i, place - 1]
                        nearest[i, place] = nearest[i, place - 1]
                        place -= 1
                    squares_kept[i, place] = squares[j]
                    nearest[i, place] = start + j
                    worst = squares_kept[i, k - 1]
