"""How much of the latents is told by what they should not know: pose, defocus, contrast, micrograph?"""

from dataclasses import dataclass

import numpy as np

from encaudit.results import Latents, Measurement, Skipped
from encaudit.stats import (
    MIN_GROUPS,
    Interval,
    explained_share,
    generator,
    group_codes,
    summarize_dataset,
)

VERSION, UNIT = 1, "1"
FOLDS = 5
FEWEST_IMAGES = 20


@dataclass(frozen=True, eq=False)
class Covariate:
    """What is known of each image beside its pixels.

    ``values``: numbers, ``n`` or ``n p``, or, if ``categorical``, labels of any dtype, ``n``.
    """

    values: np.ndarray
    categorical: bool = False


def pose_covariate(rotation: np.ndarray) -> Covariate:
    """Return the pose (``n 3 3``) as its nine matrix entries, which have no seam and no poles, as angles do."""
    return Covariate(np.asarray(rotation, dtype=np.float64).reshape(len(rotation), 9))


def defocus_covariate(ctf: np.ndarray) -> Covariate:
    """Return the mean defocus from cryoDRGN's CTF rows (``n 8``: apix, dfu, dfv, dfang in degrees, ...)."""
    return Covariate(np.asarray(ctf[:, 1:3], dtype=np.float64).mean(axis=1))


def astigmatism_covariate(ctf: np.ndarray) -> Covariate:
    """Return (dfu - dfv) cos 2a and (dfu - dfv) sin 2a from cryoDRGN's CTF rows: an angle of period 180 degrees."""
    difference, angle = np.asarray(ctf[:, 1] - ctf[:, 2], dtype=np.float64), 2 * np.deg2rad(ctf[:, 3].astype(float))
    return Covariate(np.stack([difference * np.cos(angle), difference * np.sin(angle)], axis=1))


def measure_leakage(
    reference: Latents, covariates: dict[str, Covariate], *, seed: int, groups: np.ndarray | None = None
) -> list[Measurement]:
    """How much of the spread of the latents does something explain that the latents should not depend on?

    1 - sum_i ||mu_i - f(c_i)||^2 / sum_i ||mu_i - mean||^2, one ``leakage_NAME`` for each covariate c: f is fitted on
    the other four of five folds, by least squares for numbers and as the mean of the level for categories (the general
    mean where a level is new). Totals over dimensions are the same in every basis, so this is also the form by
    principal components, sum_k Var(PC_k) R^2(PC_k | c) / sum_k Var(PC_k). Nothing is clipped.

    Zero: nothing; a little below 0 where there is nothing to find. One: the latents follow from the covariate.
    The floor is the same number with the covariate permuted among the images: what chance gives, below 0 by what a
    map fitted to chance loses (much, for many small micrographs). Read a value against it.
    Large, for two unlike reasons: the encoder leaks, or the sample does (states that prefer some poses, or grids).
    Small is not absence: only what is linear in the numbers given is seen.
    Interval: jackknife over images or groups, given the fitted maps. Folds keep groups whole when at
    least five are given, unless a category is found in one group only, and so could not be known from the others.
    Skipped, with the reason, for a covariate that is constant, incomplete, or (categories) never repeated, for constant
    latents and for too few images.

    Source: principal component regression (Buttner et al. 2019), cross-validated; scib-metrics is the oracle.
    """
    codes = None if groups is None else group_codes(np.asarray(groups))
    return [_leakage(reference, f"leakage_{name}", one, seed, codes) for name, one in covariates.items()]


def _leakage(reference: Latents, name: str, covariate: Covariate, seed: int, groups: np.ndarray | None) -> Measurement:
    skipped = _why_not(reference.mu, covariate)
    if skipped is not None:
        return Measurement(name, VERSION, None, UNIT, Skipped(skipped), None, None)
    mu = reference.mu.astype(np.float64)
    known = group_codes(covariate.values.astype(str, copy=False)) if covariate.categorical else _columns(covariate)
    permuted = known[generator(seed, "permuted covariate").permutation(len(known))]
    value, interval = _explained(mu, known, seed, groups)
    floor, _ = _explained(mu, permuted, seed, groups)
    return Measurement(name, VERSION, None, UNIT, summarize_dataset(value, interval, len(mu)), floor, None)


def _why_not(mu: np.ndarray, covariate: Covariate) -> str | None:
    """Why can this covariate not be asked about?"""
    n, values = len(mu), covariate.values
    assert len(values) == n, "a covariate has one value, or one row, for each image"
    missing = _missing(covariate)
    if missing.any():
        return f"{missing.sum()} of {n} images have no value"
    if not np.ptp(mu, axis=0).any():
        return "all images have the same latent: there is nothing to explain"
    if n < FEWEST_IMAGES:
        return f"{n} images are too few"
    if covariate.categorical:
        levels = len(np.unique(values.astype(str, copy=False)))
        if levels == 1:
            return f"all images have the same value, {values[0]}"
        return f"each of the {n} images has a value of its own" if levels == n else None
    columns = _columns(covariate)
    if (columns == columns[0]).all():
        return "all images have the same value"
    unknowns = 1 + columns.shape[1]
    return f"{n} images are too few to fit {unknowns} unknowns" if n * (FOLDS - 1) < 2 * FOLDS * unknowns else None


def _missing(covariate: Covariate) -> np.ndarray:
    """Which images have no value: NaN, infinite, None, or the empty text?"""
    if not covariate.categorical:
        return np.asarray(~np.isfinite(_columns(covariate)).all(axis=1))
    if covariate.values.dtype.kind == "U":
        return np.asarray(covariate.values == "")
    return np.array([value is None or value == "" or value != value for value in covariate.values.tolist()])


def _columns(covariate: Covariate) -> np.ndarray:
    """Numbers as ``n p`` float64."""
    return np.asarray(covariate.values, dtype=np.float64).reshape(len(covariate.values), -1)


def _explained(mu: np.ndarray, known: np.ndarray, seed: int, groups: np.ndarray | None) -> tuple[float, Interval]:
    """Return the cross-validated share explained by codes (``n``) or numbers (``n p``), and its interval."""
    predicted = np.empty_like(mu)
    for fit, test in _folds(known, seed, groups):
        predicted[test] = _means(mu, known, fit, test) if known.ndim == 1 else _regression(mu, known, fit, test)
    residual = ((mu - predicted) ** 2).sum(axis=1)
    total = ((mu - mu.mean(axis=0)) ** 2).sum(axis=1)
    return explained_share(residual, total, groups)


def _folds(known: np.ndarray, seed: int, groups: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import GroupKFold, KFold

    whole = groups is not None and groups.max() + 1 >= max(FOLDS, MIN_GROUPS)
    if whole and known.ndim == 1:
        assert groups is not None
        both = np.unique(np.stack([known, groups]), axis=1)
        whole = bool((np.bincount(both[0]) > 1).all())
    if whole:
        return list(GroupKFold(FOLDS).split(known, groups=groups))
    return list(KFold(FOLDS, shuffle=True, random_state=seed % 2**32).split(known))


def _means(mu: np.ndarray, codes: np.ndarray, fit: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Predict the mean of the level over ``fit``; the mean of all of ``fit`` for a level that is not in it."""
    levels = int(codes.max()) + 1
    count = np.bincount(codes[fit], minlength=levels)[:, None]
    sums = np.stack([np.bincount(codes[fit], weights=column, minlength=levels) for column in mu[fit].T], axis=1)
    return np.asarray(np.where(count > 0, sums / np.maximum(count, 1), mu[fit].mean(axis=0))[codes[test]])


def _regression(mu: np.ndarray, numbers: np.ndarray, fit: np.ndarray, test: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import LinearRegression

    # one unit for each column, which no map sees: numbers near the ends of float64 have no squares
    scaled = numbers / np.maximum(np.abs(numbers).max(axis=0), np.finfo(float).tiny)
    return np.asarray(LinearRegression().fit(scaled[fit], mu[fit]).predict(scaled[test])).reshape(len(test), -1)
