"""Does a transform move latents further than a fresh draw of the image's noise does?"""

import numpy as np
from scipy.stats import rankdata

from encaudit.metrics.cloud import distance
from encaudit.results import IDENTITY, RENOISE, RENOISE_AGAIN, UNTRAINED, Encodings, Measurement, Skipped, Summary
from encaudit.stats import (
    MIN_IMAGES,
    derangement,
    group_codes,
    influence_error,
    probability_interval,
    summarize_dataset,
)

NAME, VERSION, UNIT = "beyond_renoise", 1, "1"


def measure_against_renoise(
    encodings: Encodings, renoise_spec: str, *, seed: int, groups: np.ndarray | None = None
) -> list[Measurement]:
    """How surely does a transform move a latent further than a fresh draw of the noise in its image does?

    P(D_T > D_N) over all pairs of one displacement under the transform and one under the renoise control, ties
    counted half, on the images that both cover: one ``beyond_renoise`` for each transform that was encoded.

    0.5: the transform moves latents as far as fresh noise does, so it says nothing about the transform. One: always
    further; zero: never, which is the floor, that of the identity (0.5 if noise moves nothing either). The ceiling is
    that of random pairs of images.
    Large also where the control under-estimates the noise, or where the encoder ignores noise altogether.
    Interval: Wilson's, with the error of the infinitesimal jackknife over images or groups, each image in both of its
    roles.
    Not asked of the identity, the control itself and untrained encoders. Skipped where fewer than 20 images are common
    to both, and where neither moves anything.

    Source: ours; the Mann-Whitney form of the area under the ROC curve.
    """
    left_out = {IDENTITY, RENOISE, RENOISE_AGAIN, renoise_spec}
    asked = [spec for spec in encodings.moved if spec not in left_out and not spec.startswith(UNTRAINED)]
    return [_beyond(encodings, spec, renoise_spec, seed, groups) for spec in asked]


def share_above(above: np.ndarray, below: np.ndarray) -> tuple[float, np.ndarray]:
    """Return P(above > below) over all n^2 pairs of two quantities of n images, ties half, and each image's influence.

    The influence of an image has both of its roles: n x d(share)/d(weight_i), ``n``.
    """
    n = len(above)
    ranks = rankdata(np.concatenate([above, below]))
    overtaken = (ranks[:n] - rankdata(above)) / n  # for each of above, the share of below that it exceeds
    exceeded = 1 - (ranks[n:] - rankdata(below)) / n
    share = float(overtaken.mean())
    return share, overtaken + exceeded - 2 * share


def _beyond(encodings: Encodings, spec: str, renoise_spec: str, seed: int, groups: np.ndarray | None) -> Measurement:
    rows = np.intersect1d(encodings.rows(spec), encodings.rows(renoise_spec))
    if len(rows) < MIN_IMAGES:
        few = f"only {len(rows)} images are encoded under both {spec} and {renoise_spec}"
        return Measurement(NAME, VERSION, spec, UNIT, Skipped(few), None, None)
    moved, renoised = (_displacement(encodings, which, rows) for which in (spec, renoise_spec))
    if not (moved.any() or renoised.any()):
        still = f"neither {spec} nor {renoise_spec} moves any latent"
        return Measurement(NAME, VERSION, spec, UNIT, Skipped(still), None, None)
    share, influence = share_above(moved, renoised)
    codes = None if groups is None else group_codes(np.asarray(groups)[rows])
    value: Summary = summarize_dataset(
        share, probability_interval(share, influence_error(influence, codes), moved, codes), len(rows)
    )
    mu = encodings.reference.mu[rows].astype(np.float64)
    random = distance(mu, mu[derangement(len(rows), seed)])
    floor, ceiling = (share_above(other, renoised)[0] for other in (np.zeros(len(rows)), random))
    return Measurement(NAME, VERSION, spec, UNIT, value, floor, ceiling)


def _displacement(encodings: Encodings, spec: str, rows: np.ndarray) -> np.ndarray:
    """||mu'_i - mu_i|| of these positions of the images, all of them covered by the transform."""
    places = np.searchsorted(encodings.rows(spec), rows)
    reference, moved = (latents.mu[places].astype(np.float64) for latents in encodings.pair(spec))
    return distance(moved, reference)
