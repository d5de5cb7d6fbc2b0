"""Is the motion lawful? A common shift, an affine map, a similar geometry."""

import numpy as np

from encaudit.metrics.cloud import Pair
from encaudit.metrics.metric import Result, WholeSet, metric
from encaudit.results import Skipped
from encaudit.stats import MIN_GROUPS, explained_share, influence_interval

FOLDS = 5


@metric("alignment", unit="1", shuffled=False, chance=lambda n: 1 / n)
def alignment(pair: Pair) -> Result:
    """Does the whole cloud shift together, or does each image go its own way?

    ||mean_i delta_i||^2 / mean_i ||delta_i||^2, delta_i = mu'_i - mu_i; dimensionless.

    One: a common translation, harmless to any use of the latents. 1/n: scatter, the expectation for displacements
    of independent directions; this is the ceiling shown, since shuffled pairs keep the mean and give 0 by construction.
    Interval: infinitesimal jackknife over images or groups.
    Skipped where nothing moved, as under the identity (0/0), so it has no floor.
    """
    delta = pair.mu - pair.cloud.mu
    squares = (delta**2).sum(axis=1)
    spread = float(squares.mean())
    if spread == 0:
        return Skipped("nothing moved")
    common = delta.mean(axis=0)
    value = min(float(common @ common) / spread, 1.0)  # above 1 only by rounding
    influence = (2 * (delta - common) @ common - value * (squares - spread)) / spread
    return WholeSet(value, influence_interval(value, influence, pair.cloud.groups, least=0, most=1))


@metric("recoverability", unit="1", version=2, across_encoders=True)
def recoverability(pair: Pair) -> Result:
    """Was the content of the latent re-encoded under the transform, or lost?

    R^2 of the affine map from mu (reference) to mu' (moved): 1 - sum ||mu'_i - f(mu_i)||^2 / sum ||mu'_i - mean||^2,
    where f is fitted by least squares on the other four of five folds. Dimensions weigh by their variance. Folds keep
    groups whole when at least five are given. Nothing is clipped: a map worse than the mean gives a negative value.

    One: the moved latents follow from the reference, exactly and affinely; the identity gives 1. Zero: lost, or
    re-encoded in a bent way that no affine map follows (see neighbour_overlap).
    Interval: jackknife over images or groups, given the fitted maps.
    Skipped when either cloud is a single point, or when the images are too few for the dimensions.
    """
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import GroupKFold, KFold, cross_val_predict

    cloud, moved = pair.cloud, pair.mu
    if not np.ptp(cloud.mu, axis=0).any():
        return Skipped("the reference latents do not vary")
    if not np.ptp(moved, axis=0).any():
        return Skipped("the moved latents do not vary: there is nothing to predict")
    n, d = cloud.mu.shape
    if n < FOLDS:
        return Skipped(f"{n} images are too few for {FOLDS} folds")
    if cloud.groups is None or cloud.groups.max() + 1 < max(FOLDS, MIN_GROUPS):
        folds = list(KFold(FOLDS, shuffle=True, random_state=cloud.seed % 2**32).split(cloud.mu))
    else:
        folds = list(GroupKFold(FOLDS).split(cloud.mu, groups=cloud.groups))
    fewest = min(len(fit) for fit, _ in folds)
    if fewest < 2 * (d + 1):
        return Skipped(f"{n} images are too few to fit a map of {d} dimensions: a fold leaves {fewest} to fit it on")
    predicted = cross_val_predict(LinearRegression(), cloud.mu, moved, cv=folds)
    residual = ((moved - predicted.reshape(n, d)) ** 2).sum(axis=1)
    total = ((moved - moved.mean(axis=0)) ** 2).sum(axis=1)
    value, interval = explained_share(residual, total, cloud.groups)
    return WholeSet(value, interval)


@metric("cka", unit="1", across_encoders=True)
def cka(pair: Pair) -> Result:
    """Do the two clouds have the same geometry, up to rotation and one scale?

    Linear centred kernel alignment in feature form, ||Z'^T Z||_F^2 / (||Z^T Z||_F ||Z'^T Z'||_F), Z and Z' centred;
    never an n x n matrix. Dominated by the dimensions of largest variance.

    One: the moved cloud is the reference turned and scaled; the identity gives 1. Near zero (about d/n): unrelated.
    Interval: infinitesimal jackknife over images or groups.
    Skipped when either cloud is a single point.

    Source: Kornblith et al. 2019.
    """
    if not (np.ptp(pair.cloud.mu, axis=0).any() and np.ptp(pair.mu, axis=0).any()):
        return Skipped("all latents of a cloud coincide: it has no geometry")
    reference, moved = _standardized(pair.cloud.mu), _standardized(pair.mu)
    n = len(pair)
    # einsum, not @: BLAS rounds a product with itself differently, and the identity has to give exactly 1
    cross, own, other = (
        np.einsum("ni,nj->ij", a, b) / n for a, b in [(reference, moved), (reference, reference), (moved, moved)]
    )
    shared, size_own, size_other = ((m**2).sum() for m in (cross, own, other))
    value = min(float(shared / np.sqrt(size_own * size_other)), 1.0)  # above 1 only by rounding
    along_cross = np.einsum("ni,ij,nj->n", reference, cross, moved, optimize=True) / shared - 1
    along_own = np.einsum("ni,ij,nj->n", reference, own, reference, optimize=True) / size_own - 1
    along_other = np.einsum("ni,ij,nj->n", moved, other, moved, optimize=True) / size_other - 1
    influence = value * (2 * along_cross - along_own - along_other)
    return WholeSet(value, influence_interval(value, influence, pair.cloud.groups, least=0, most=1))


def _standardized(points: np.ndarray) -> np.ndarray:
    """Centre a cloud and divide it by one scale, which linear CKA does not see, to stay clear of underflow."""
    centred = points - points.mean(axis=0)
    return np.asarray(centred / np.abs(centred).max())
