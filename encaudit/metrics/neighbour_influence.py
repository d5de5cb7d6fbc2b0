"""What would a measure of neighbourhoods lose without an image: as one that is asked, and as a neighbour of others?"""

import numpy as np

from encaudit.metrics.cloud import Pair
from encaudit.pairs import count_nearer, hits_of_points
from encaudit.stats import NO_INTERVAL, Interval, has_interval, influence_error, student

MOST_FITTED = 200_000  # images of a regression of 4d + 2 columns, which are then ten times the latents


def influence_on_overlap(
    asked: np.ndarray, before: np.ndarray, after: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the overlap of each image asked (``m``), and the influence of each of n images on its mean (``n``).

    ``before`` and ``after`` are the neighbours of those asked in two clouds, ``m k+1``: the last is the one that moves
    up when another is left out. The influence is that of the delete-one jackknife, exactly: without an image, its own
    overlap is gone, and those it was a neighbour of have another one instead.
    """
    m, k = len(asked), before.shape[1] - 1
    next_before, next_after = before[:, k], after[:, k]
    before, after = before[:, :k], after[:, :k]
    kept_before, kept_after = _found_in(before, after, n), _found_in(after, before, n)
    overlap = kept_before.sum(axis=1) / k
    gain_before = _found_in(next_before[:, None], after, n)
    gain_after = _found_in(next_after[:, None], before, n)
    both = 1.0 * gain_before + gain_after + (next_before == next_after)[:, None] - 1
    change = np.zeros(n)
    _add(change, before, np.where(kept_before, both, gain_before))
    _add(change, after, np.where(kept_after, 0.0, gain_after))  # those in both were added above
    influence = -(change - change.mean()) / k
    influence[asked] += overlap - overlap.mean()
    return overlap, n / m * influence


def influence_on_rank(asked: np.ndarray, nearest: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rank of each one's nearest (``m``), and the influence of each image on 2/n times its mean (``n``).

    ``nearest`` (``m 2``) are the first and the second neighbour, elsewhere, of the images asked, to be ranked by
    distance in ``points`` (``n d``), ties by half. Without an image, its own rank is gone, ranks it was counted in
    are shorter, and those whose first neighbour it was have their second one instead.
    """
    n, m = len(points), len(asked)
    rank, second = (ranks(asked, target, points) for target in nearest.T)
    hits = hits_of_points(points[asked], points, points[nearest[:, 0]], np.full(m, 1 / m))
    apart = (points[asked] != points[nearest[:, 0]]).any(axis=1)
    hits -= np.bincount(asked, weights=np.where(apart, 1.0, 0.5) / m, minlength=n)  # no rival in its own neighbourhood
    hits -= np.bincount(nearest[:, 0], weights=np.full(m, 0.5 / m), minlength=n)  # nor is the target
    change = np.bincount(nearest[:, 0], weights=2 / n * (second - rank), minlength=n)
    influence = 2 * m / n * (hits - hits.mean()) - (change - change.mean())
    influence[asked] += 2 / n * (rank - rank.mean())
    return rank, n / m * influence


def ranks(asked: np.ndarray, targets: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return at which place, by distance from the point asked, its target stands among the others, ties by half."""
    nearer, as_near = count_nearer(points[asked], points, points[targets])
    apart = (points[asked] != points[targets]).any(axis=1)
    # the point asked is at distance 0 from itself, and no rival in its own neighbourhood; nor is the target its own
    return np.asarray(1 + (nearer - apart) + 0.5 * (as_near - 1 - ~apart))


def jackknife_interval(value: float, influence: np.ndarray, pair: Pair, most: float = np.inf) -> Interval:
    """Within which bounds does a measure of neighbourhoods lie, that images make together and not one by one?

    The variance of a statistic is the sum of what images do alone, in twos, in threes; the jackknife counts what they
    do in twos twice (Efron & Stein 1981), and neighbourhoods are made by twos. What an image does alone is a function
    of its own two latents, so it is estimated by a regression of the influence on these (of a sample of 200,000 images
    where there are more); the mean of both variances
    counts ones and twos once. Groups are too few for that: theirs is the plain jackknife, which is too wide (by up to
    half in simulations where they share little) but not too narrow.
    """
    n, groups = len(pair), pair.cloud.groups
    if not has_interval(n, groups):
        return NO_INTERVAL
    variance = influence_error(influence, groups) ** 2
    if groups is None:
        rows = pair.cloud.some(MOST_FITTED, "images of the regression of influences")
        known = _latents_and_squares(pair, rows)
        alone = known @ np.linalg.lstsq(known, influence[rows], rcond=None)[0]
        variance = (variance + influence_error(alone, None) ** 2 * (len(rows) / n)) / 2
    reach = student(n, groups) * float(np.sqrt(variance))
    return max(value - reach, 0.0), min(value + reach, most)


def _latents_and_squares(pair: Pair, rows: np.ndarray) -> np.ndarray:
    """Return 1, both latents, their squares, and how far the image moved, in units of their spread: ``m 4d+2``."""
    columns = []
    for points in (pair.cloud.mu[rows], pair.mu[rows], pair.displacement[rows, None]):
        scale = np.abs(points - points.mean(axis=0)).max()
        columns.append((points - points.mean(axis=0)) / (scale or 1))
    before, after, moved = columns
    return np.hstack([np.ones((len(rows), 1)), before, after, before**2, after**2, moved])


def _found_in(rows: np.ndarray, other: np.ndarray, n: int) -> np.ndarray:
    """Which entries of each row (``m j``) are in the same row of another table? Numbers that no other row uses do."""
    home = np.arange(len(rows))[:, None] * n
    return np.isin((home + rows).ravel(), (home + other).ravel()).reshape(rows.shape)


def _add(total: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
    weights = np.broadcast_to(values, rows.shape)
    total += np.bincount(rows.ravel(), weights=weights.ravel(), minlength=len(total))
