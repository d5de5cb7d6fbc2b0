"""What the losses of several runs say of one another: on the same images, image by image.

All that a decoder explains is some percent of the loss, and heterogeneity a part of that, so that losses are never
compared by their means alone: differences are taken for each image, in float64, and those are averaged.
Losses are ``n`` floats, in the same order of the same images; all of a call are of one kind (reconstruction errors, or
whole losses).
"""

import numpy as np

from encaudit.memorisation.resampled import resampled
from encaudit.results import Skipped, Summary
from encaudit.stats import NO_INTERVAL, has_interval, percentile_interval, resamples, summarize_dataset

NO_GAIN = Skipped(
    "the run to measure by is not surely better than the null run, so there is no gain to take a share of; train both "
    "longer (encaudit train --resume --epochs N), or on more images"
)


def loss_difference(loss: np.ndarray, reference: np.ndarray, groups: np.ndarray | None, seed: int) -> Summary:
    """By how much is the loss of a run above that of another one, over the same images?

    mean_i (L_i - L'_i), in the units of the loss.

    Zero: the two explain the images equally well, on average. Interval: bootstrap of the pairs, over images or groups.
    """
    return _mean(_paired(loss, reference), groups, seed)


def explained_heterogeneity(
    null: np.ndarray, loss: np.ndarray, base: np.ndarray, groups: np.ndarray | None, seed: int
) -> Summary | Skipped:
    """Which part of what a good run explains of the differences between particles does this run explain?

    E = (L_null - L) / (L_null - L_base), means over the same images: null is a run with one latent for all images (the
    frozen zero table: one consensus volume), base the run that serves as the measure (the VAE).

    Zero: no better than one volume for all; below: worse. One: as well as the base run; above: better.
    Large, for two unlike reasons: the latents tell the structures apart, or they tell the images apart and the decoder
    fits their noise. A held-out loss tells which; so does the memorisation index.
    Of reconstruction errors; as explained_heterogeneity_loss of whole losses, which count what the latents cost in KL.
    There the null is the null run's reconstruction alone: one latent for all costs nothing, and the KL of a frozen
    table is that of the logvar it was set to.
    Interval: bootstrap over images or groups. Skipped where the base run is not surely better than the null run.

    Source: ours; the null is figure 22 of Edelberg & Lederman 2025, the base figure 3.
    """
    return _share(null, loss, base, groups, seed)


def explained_held_out(
    null_held_out: np.ndarray,
    held_out: np.ndarray,
    null: np.ndarray,
    base: np.ndarray,
    groups: tuple[np.ndarray | None, np.ndarray | None],
    seed: int,
) -> Summary | Skipped:
    """How much of what the base run gains on its training images does this run gain on images it never saw?

    (L_null - L over images held out of all runs) / (L_null - L_base over images that all runs were trained on).

    One: on new images as much as the base run gains on its own: it learned what holds for any image. Zero: new images
    are explained no better than by one volume for all; below: worse. For the base run itself, what is missing from one
    was gained from the training images alone.
    Interval: bootstrap over images or groups (``groups``: of the images held out, and of the others), each by itself.
    Skipped where the base run is not surely better than the null run, and for tables, which know nothing of new images.

    Source: ours.
    """
    gain, whole = _paired(null_held_out, held_out), _paired(null, base)
    unit = _mean(whole, groups[1], seed)
    if not _surely_positive(unit):
        return NO_GAIN
    value = float(gain.mean()) / unit.mean
    if not (has_interval(len(gain), groups[0]) and has_interval(len(whole), groups[1])):
        return summarize_dataset(value, NO_INTERVAL, len(gain))
    draws = zip(resamples(len(gain), groups[0], seed), resamples(len(whole), groups[1], seed + 1), strict=True)
    replicates = [float(one @ gain / one.sum()) / float(two @ whole / two.sum()) for one, two in draws]
    return summarize_dataset(value, percentile_interval(np.array(replicates)), len(gain))


def memorisation_index(
    null: np.ndarray, twin: np.ndarray, real: np.ndarray, groups: np.ndarray | None, seed: int
) -> Summary | Skipped:
    """How much of what an encoder gains from real images does it gain from images that have nothing to do with them?

    m = (L_null - L_twin) / (L_null - L_real), means over the same images: null is the run with one latent for all
    images, twin was trained on fixed arbitrary twins in the place of the images, real on the images themselves, in the
    same architecture.

    Zero: a twin is of no use, the gain is all from what images show. One: arbitrary twins do as well, so the gain shows
    no more than a good memory. The truth about the real run may lie anywhere below: that a network can memorize does
    not say that it did.
    Interval: bootstrap over images or groups, for these training runs; other seeds may differ more. Skipped where the
    real run is not surely better than the null run.

    Source: ours.
    """
    return _share(null, twin, real, groups, seed)


def twin_dependence(
    loss: np.ndarray,
    reshuffled: np.ndarray,
    groups: np.ndarray | None,
    seed: int,
    *,
    null: np.ndarray | None = None,
    base: np.ndarray | None = None,
) -> Summary | Skipped:
    """By how much does the loss rise when each image is given another image's twin?

    T = mean_i (L_reshuffled_i - L_i), in the units of the loss; with null and base, in units of L_null - L_base. As
    twin_dependence_nats in nats an image: a mean squared error over m coefficients counts m / beta nats, those of the
    Gaussian decoder that beta stands for.

    Zero: the run makes no use of which twin belongs to which image. Above: it remembers the pairing, which nothing but
    memory can know.
    Interval: bootstrap of the pairs, over images or groups. Skipped where the base run is not surely better than the
    null run.

    Source: ours.
    """
    rise = _paired(reshuffled, loss)
    if null is None or base is None:
        return _mean(rise, groups, seed)
    return _ratio(rise, _paired(null, base), groups, seed)


def _share(
    null: np.ndarray, loss: np.ndarray, best: np.ndarray, groups: np.ndarray | None, seed: int
) -> Summary | Skipped:
    return _ratio(_paired(null, loss), _paired(null, best), groups, seed)


def _ratio(gain: np.ndarray, whole: np.ndarray, groups: np.ndarray | None, seed: int) -> Summary | Skipped:
    if not _surely_positive(_mean(whole, groups, seed)):
        return NO_GAIN
    return resampled(lambda weight: float(weight @ gain) / float(weight @ whole), len(gain), groups, seed)


def _surely_positive(gain: Summary) -> bool:
    return gain.mean > 0 if gain.ci_low is None else gain.ci_low > 0


def _mean(values: np.ndarray, groups: np.ndarray | None, seed: int) -> Summary:
    return resampled(lambda weight: float(weight @ values) / float(weight.sum()), len(values), groups, seed)


def _paired(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Subtract image by image, before anything is rounded away in a mean."""
    assert one.shape == other.shape and one.ndim == 1
    return one.astype(np.float64) - other.astype(np.float64)
