"""From how large a shift, or turn, on does an image no longer find its own place?"""

from dataclasses import dataclass

import numpy as np

from encaudit.dose.common_rows import common_pairs
from encaudit.dose.specs import DOSES, LADDERS
from encaudit.errors import InputError, UnknownNameError
from encaudit.metrics import METRICS
from encaudit.metrics.cloud import Pair, distance
from encaudit.metrics.metric import WholeSet
from encaudit.results import Encodings, Measurement, Skipped, Summary
from encaudit.stats import has_interval, percentile_interval, resamples, summarize_dataset

HALF = 0.75  # half-way between 1, the image itself, and 0.5, another image
FEWEST_DOSES = 2


@dataclass(frozen=True)
class DoseCurve:
    """How latents answer to one kind of move (``roll``, ``rotate``), dose by dose.

    ``doses`` (rising, in ``unit``: px or deg), and the ``specs``, ``pair_auc`` and ``displacement_ratio`` at each.
    ``half_life`` is the dose at which pair_auc falls to 0.75, with its interval.
    """

    kind: str
    unit: str
    doses: np.ndarray
    specs: list[str]
    pair_auc: list[Summary | Skipped]
    displacement_ratio: list[Summary | Skipped]
    half_life: Summary | Skipped

    @property
    def measurements(self) -> list[Measurement]:
        """The one number to remember of the curve: ``half_life_px`` or ``half_life_deg``."""
        return [Measurement(f"half_life_{self.unit}", 1, None, self.unit, self.half_life, floor=None, ceiling=None)]


def dose_curve(encodings: Encodings, kind: str, *, seed: int, groups: np.ndarray | None = None) -> DoseCurve:
    """At which dose of a move has an image lost half of its hold on its own place?

    Takes those of ``DOSES[kind]`` that were encoded, at least two, on the images that all of them cover; ``groups``
    (``n``, any dtype) are those of all images. The half-life is the smallest dose at which pair_auc is 0.75, on
    straight lines between the measured doses over the logarithm of the dose; a curve that rises again later has passed
    it all the same.

    Large: the encoder hardly sees the move. Small: a small move sends an image to a stranger's place.
    Skipped, in words, when pair_auc is above 0.75 at every dose, and when it is below at the smallest already.
    Interval: percentile bootstrap over images or groups, the same resample at every dose, the random partner of each
    image held fixed. A resample that never falls counts as the largest dose, one that begins below as the smallest:
    an interval that ends at a dose of the ends says no more than "or beyond".

    Source: ours.
    """
    if kind not in LADDERS:
        raise UnknownNameError("kind of dose", kind, LADDERS)
    ladder = LADDERS[kind]
    amounts = [amount for amount in ladder.amounts if ladder.spec(amount) in encodings.moved]
    specs = [ladder.spec(amount) for amount in amounts]
    if len(specs) < FEWEST_DOSES:
        raise InputError(
            f"A curve of {kind} doses needs at least {FEWEST_DOSES} of them encoded; found {len(specs)}. "
            f"Encode {', '.join(DOSES[kind])}."
        )
    doses = np.array(amounts, dtype=np.float64)
    pairs = common_pairs(encodings, specs, seed, groups)
    curves = {name: [_summary(name, pair) for pair in pairs.values()] for name in ("pair_auc", "displacement_ratio")}
    half_life = _half_life(doses, list(pairs.values()), ladder.unit)
    return DoseCurve(kind, ladder.unit, doses, specs, curves["pair_auc"], curves["displacement_ratio"], half_life)


def fall_to_half(doses: np.ndarray, curve: np.ndarray) -> float:
    """At which dose does a curve (``k``, at rising ``doses``) first come down to 0.75?

    The first dose where it begins there or below; infinity where it never comes down.
    """
    below = np.flatnonzero(curve <= HALF)
    if not len(below):
        return np.inf
    after = int(below[0])
    if after == 0:
        return float(doses[0])
    before = after - 1
    part = (curve[before] - HALF) / (curve[before] - curve[after])
    return float(doses[before] * (doses[after] / doses[before]) ** part)


def _half_life(doses: np.ndarray, pairs: list[Pair], unit: str) -> Summary | Skipped:
    cloud = pairs[0].cloud
    if np.median(cloud.random_distance) == 0:
        return Skipped("the reference latents of most random pairs coincide: there is no place to leave")
    curves = [_OwnAgainstRandom(pair) for pair in pairs]
    everyone = np.ones(len(cloud))
    curve = np.array([one.auc(everyone) for one in curves])
    if curve[0] < HALF:
        return Skipped(f"pair_auc is below 0.75 at the smallest dose of {doses[0]:g} {unit} already ({curve[0]:.2g})")
    value = fall_to_half(doses, curve)
    if np.isinf(value):
        return Skipped(f"pair_auc never falls to 0.75 up to {doses[-1]:g} {unit} (lowest: {curve.min():.2g})")
    if not has_interval(len(cloud), cloud.groups):
        return summarize_dataset(value, (None, None), len(cloud))
    replicates = [
        fall_to_half(doses, np.array([one.auc(weights) for one in curves]))
        for weights in resamples(len(cloud), cloud.groups, cloud.seed)
    ]
    return summarize_dataset(value, percentile_interval(np.clip(replicates, doses[0], doses[-1])), len(cloud))


class _OwnAgainstRandom:
    """pair_auc of one pair of clouds under any weights of the images; all sorting is done once.

    The own distance of an image and the distance to its random partner both carry the weight of the image.
    """

    def __init__(self, pair: Pair) -> None:
        own = pair.displacement
        random = distance(pair.mu, pair.cloud.mu[pair.cloud.partner])
        self._order = np.argsort(own)
        ordered = own[self._order]
        self._below, self._up_to = (np.searchsorted(ordered, random, side) for side in ("left", "right"))

    def auc(self, weights: np.ndarray) -> float:
        """Return P(own < random), ties half, for images of these weights (``n``)."""
        mass = np.concatenate([[0.0], np.cumsum(weights[self._order])])
        return float(weights @ (mass[self._below] + mass[self._up_to]) / (2 * mass[-1] ** 2))


def _summary(name: str, pair: Pair) -> Summary | Skipped:
    result = METRICS.get(name).evaluate(pair)
    if isinstance(result, Skipped):
        return result
    assert isinstance(result, WholeSet)
    return summarize_dataset(result.value, result.interval, len(pair))
