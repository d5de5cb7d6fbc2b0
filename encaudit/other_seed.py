"""Does another training run of the same network put the images in the same places, up to its own choice of axes?"""

import numpy as np
from scipy.linalg import orthogonal_procrustes

from encaudit.errors import InputError
from encaudit.results import Latents
from encaudit.stats import generator


def aligned(reference: Latents, other: Latents, seed: int) -> Latents:
    """Return the latents of another run in the frame of the reference: turned (or mirrored), scaled and shifted.

    A training run is free in the axes, the unit and the origin of its latent space, so that only a similarity
    transform z -> s z R + t makes two runs comparable. R is the orthogonal Procrustes solution; s is the ratio of the
    two clouds' root-mean-square radii, not the least-squares factor, which would shrink an unrelated cloud to a point
    in the middle and so bring it nearer than a stranger; t joins the centres.

    Cross-fitted: the images are halved at random (by the seed), and each half is moved by what was fitted on the other
    one, so that the fit cannot flatter itself with freedom that it has. Two unrelated runs stay as far apart as random
    pairs of images are; exact similarity transforms are undone.

    The latent dimensions may differ: the smaller space is padded with zeros for the fit, and of a larger one of the
    other run only the part that falls into the reference's space is returned, at the reference's radius. Returns mu
    ``n d`` in the order and the width of the reference; logvar is None, since a rotation mixes the dimensions that it
    is stated for.

    Raises ``InputError`` for other images, for too few of them (each half needs more than the smaller number of
    dimensions), for latents that are not finite, and for a run that gives all images the same latent.

    Source: Schönemann 1966 for R; the cross-fitting is ours.
    """
    mine, theirs = reference.mu.astype(np.float64), _in_order_of(reference, other).astype(np.float64)
    n, fewest = len(mine), min(mine.shape[1], theirs.shape[1]) + 1
    if n < 2 * fewest:
        raise InputError(
            f"{n} images are too few to compare two runs of {mine.shape[1]} and {theirs.shape[1]} latent dimensions; "
            f"expected at least {2 * fewest}. Choose more with --n or --ind."
        )
    for whose, mu in (("audited", mine), ("other", theirs)):
        if not np.isfinite(mu).all():
            lost = int((~np.isfinite(mu).all(axis=1)).sum())
            raise InputError(f"The {whose} run gave {lost} of {n} images latents that are not finite numbers.")
        if not np.ptp(mu, axis=0).any():
            raise InputError(f"The {whose} run gives every image the same latent: there are no places to compare.")
    moved = np.empty_like(mine)
    first, second = np.array_split(generator(seed, "halves of two runs").permutation(n), 2)
    for fitted_on, half in ((first, second), (second, first)):
        if not (np.ptp(mine[fitted_on], axis=0).any() and np.ptp(theirs[fitted_on], axis=0).any()):
            raise InputError("Half of the images share one latent: two runs cannot be compared by them.")
        moved[half] = _moved(theirs[half], theirs[fitted_on], mine[fitted_on])
    return Latents(moved.astype(np.float32), None, reference.index)


def _in_order_of(reference: Latents, other: Latents) -> np.ndarray:
    """Return the other run's mu, row by row of the same images as the reference."""
    lacking, more = np.setdiff1d(reference.index, other.index), np.setdiff1d(other.index, reference.index)
    if len(lacking) or len(more) or len(reference) != len(other):
        differing = [
            f"{who} lacks {len(rows)} of them (the first is stack row {rows[0]})"
            for who, rows in (("the other run", lacking), ("the audited run", more))
            if len(rows)
        ]
        raise InputError(
            f"Two runs with other images cannot be compared: found {len(reference)} images of the audited run and "
            f"{len(other)} of the other{''.join(f'; {one}' for one in differing)}. Give both the same --ind and --n."
        )
    if np.array_equal(reference.index, other.index):
        return other.mu
    sorted_rows = np.argsort(other.index)
    return np.asarray(other.mu[sorted_rows[np.searchsorted(other.index, reference.index, sorter=sorted_rows)]])


def _moved(points: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Move points as the similarity transform that brings ``source`` onto ``target`` (same images, row by row)."""
    centre, goal = source.mean(axis=0), target.mean(axis=0)
    from_centre, from_goal = source - centre, target - goal
    width, d = max(source.shape[1], target.shape[1]), target.shape[1]
    rotation, _ = orthogonal_procrustes(_padded(from_centre, width), _padded(from_goal, width))
    rotation = rotation[: source.shape[1], :d]
    radius, wanted = np.linalg.norm(from_centre @ rotation), np.linalg.norm(from_goal)
    return np.asarray((points - centre) @ rotation * (wanted / radius) + goal)


def _padded(points: np.ndarray, width: int) -> np.ndarray:
    return np.pad(points, ((0, 0), (0, width - points.shape[1])))
