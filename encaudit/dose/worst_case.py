"""How far does an image move under the worst of several small moves?"""

from collections.abc import Sequence

import numpy as np

from encaudit.dose.common_rows import common_pairs
from encaudit.errors import InputError
from encaudit.metrics.cloud import Cloud, distance
from encaudit.metrics.displacement import ratio_interval
from encaudit.results import Encodings, Measurement, Skipped, Summary
from encaudit.stats import summarize_dataset

NAME, VERSION, UNIT = "worst_case_ratio", 1, "1"


def worst_case(
    encodings: Encodings, specs: Sequence[str], *, seed: int, groups: np.ndarray | None = None
) -> list[Measurement]:
    """How far does the latent of an image move under that transform of a grid that moves it most?

    median_i max_T ||mu'_i(T) - mu_i|| / median_i ||mu_i - mu_pi(i)|| over the transforms ``specs``, such as
    ``grid_specs(1)``, on the images that all of them cover: one ``worst_case_ratio``. ``groups`` (``n``, any dtype)
    are those of all images.

    Zero, the floor: nothing moves under any of them. The ceiling is the same with as many other images, all
    different, in place of the moved copies (None where there are not as many): the farthest of eight strangers is
    farther than one, so read the value against it and not against 1.
    Interval: that of displacement_ratio.
    Skipped when more than half of the random pairs coincide. Raises ``InputError`` for transforms not encoded.

    Source: ours; the worst case over a grid of shifts as in Engstrom et al. 2019, "Exploring the landscape of spatial
    robustness".
    """
    missing = [spec for spec in specs if spec not in encodings.moved]
    if missing or not specs:
        raise InputError(
            f"A worst case needs every transform of its grid encoded; found none under {', '.join(missing) or 'any'}."
        )
    pairs = common_pairs(encodings, list(specs), seed, groups)
    cloud = next(iter(pairs.values())).cloud
    furthest = np.max([pair.displacement for pair in pairs.values()], axis=0)
    random_distance = float(np.median(cloud.random_distance))
    value: Summary | Skipped
    ceiling = None
    if random_distance == 0:
        value = Skipped("the reference latents of most random pairs coincide: nothing to compare a displacement with")
    else:
        value = _summary(cloud, furthest, random_distance)
        if len(specs) < len(cloud):
            ceiling = float(np.median(_furthest_stranger(cloud, len(specs)))) / random_distance
    return [Measurement(NAME, VERSION, None, UNIT, value, floor=0.0, ceiling=ceiling)]


def _summary(cloud: Cloud, furthest: np.ndarray, random_distance: float) -> Summary:
    value = float(np.median(furthest)) / random_distance
    return summarize_dataset(value, ratio_interval(cloud, furthest), len(cloud))


def _furthest_stranger(cloud: Cloud, count: int) -> np.ndarray:
    """Return the distance of the farthest of ``count`` other images, ``n``.

    They are pi(i), pi(pi(i)), ...: pi is one cycle, so fewer than n of them are all different, and none is i.
    """
    stranger = np.arange(len(cloud))
    furthest = np.zeros(len(cloud))
    for _ in range(count):
        stranger = cloud.partner[stranger]
        furthest = np.maximum(furthest, distance(cloud.mu, cloud.mu[stranger]))
    return furthest
