"""Two runs are compared up to their choice of axes, and the fit does not make strangers acquainted."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from encaudit.errors import InputError
from encaudit.other_seed import aligned
from encaudit.results import Latents
from tests.metrics.planted import latents, normal, value
from tests.metrics.planted import pair as planted_pair


def turned(mu: np.ndarray, d: int, seed: int = 0) -> np.ndarray:
    """A similarity transform, mirroring for some seeds, into d dimensions."""
    rotation = ortho_group.rvs(max(d, mu.shape[1]), random_state=seed)[: mu.shape[1], :d]
    return (7.5 * mu @ rotation + np.arange(d)).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n", "d"), [(500, 4), (12, 2), (30, 8), (4, 1)])
def test_similarity_transforms_are_undone(n: int, d: int, seed: int) -> None:
    mu = normal(n, d)
    other = aligned(latents(mu, 0.0), latents(turned(mu, d, seed), 0.0), seed)
    assert np.allclose(other.mu, mu, atol=2e-5)
    assert other.mu.dtype == np.float32
    assert other.logvar is None


@pytest.mark.parametrize("width", [5, 3])
def test_another_number_of_dimensions_is_padded(width: int) -> None:
    flat = normal(200, 4) * np.float32([1, 2, 3, 0])
    assert np.allclose(aligned(latents(flat), latents(turned(flat[:, :3], width)), 0).mu, flat, atol=2e-5)


@pytest.mark.parametrize(("n", "d", "theirs"), [(2000, 4, 4), (40, 8, 8), (2000, 2, 6), (2000, 6, 2)])
def test_unrelated_runs_stay_as_far_apart_as_random_pairs(n: int, d: int, theirs: int) -> None:
    ratios = []
    for seed in range(5):
        mu = normal(n, d, seed)
        other = aligned(latents(mu), latents(normal(n, theirs, 100 + seed)), seed)
        ratios.append(value("displacement_ratio", planted_pair(mu, other.mu)))
        assert other.mu.shape == mu.shape
        assert np.sqrt(other.mu.var(axis=0).sum() / mu.var(axis=0).sum()) == pytest.approx(1, abs=0.2)
    # an unrelated run of two dimensions fills a plane of six: its distances vary less, their median is a little larger
    assert np.median(ratios) == pytest.approx(1, abs=0.1)


def test_noise_between_two_runs_is_what_is_left() -> None:
    mu = normal(3000, 3)
    noisy = turned(mu + 0.1 * normal(3000, 3, seed=1), 3)
    left = aligned(latents(mu), latents(noisy), 0).mu - mu
    assert left.std() == pytest.approx(0.1, rel=0.03)


def test_no_half_is_moved_by_what_was_fitted_on_itself() -> None:
    mu, theirs = normal(60, 3), normal(60, 3, seed=1)
    before = aligned(latents(mu), latents(theirs), 0).mu
    theirs[7] += 1000
    changed = ~np.isclose(aligned(latents(mu), latents(theirs), 0).mu, before).all(axis=1)
    assert changed.sum() == 31, "image 7 itself, and the half that it is not in"


def test_the_seed_decides_the_halves() -> None:
    mu, theirs = latents(normal(60, 3)), latents(normal(60, 3, seed=1))
    assert np.array_equal(aligned(mu, theirs, 3).mu, aligned(mu, theirs, 3).mu)
    assert not np.array_equal(aligned(mu, theirs, 3).mu, aligned(mu, theirs, 4).mu)


def test_images_are_matched_by_their_stack_rows() -> None:
    mu = normal(50, 3)
    order = np.random.default_rng(0).permutation(50)
    other = Latents(turned(mu, 3)[order], None, 100 + order)
    found = aligned(Latents(mu, None, 100 + np.arange(50)), other, 0)
    assert np.allclose(found.mu, mu, atol=2e-5)
    assert found.index.tolist() == list(range(100, 150))


def test_runs_with_other_images_are_refused() -> None:
    mu = normal(20, 2)
    whole, part = latents(mu), latents(mu).take(np.arange(5, 20))
    with pytest.raises(InputError, match=r"20 images .* 15 of the other; the other run lacks 5 .* row 0\)"):
        aligned(whole, part, 0)
    with pytest.raises(InputError, match="the audited run lacks 5"):
        aligned(part, whole, 0)


@pytest.mark.parametrize(("n", "d"), [(2, 1), (9, 4), (0, 2)])
def test_too_few_images_are_refused(n: int, d: int) -> None:
    with pytest.raises(InputError, match=f"{n} images are too few.* at least {2 * d + 2}"):
        aligned(latents(normal(n, d)), latents(normal(n, d)), 0)


def test_runs_without_places_are_refused() -> None:
    mu, constant = latents(normal(20, 2)), latents(np.ones((20, 2)))
    with pytest.raises(InputError, match="The audited run gives every image the same latent"):
        aligned(constant, mu, 0)
    with pytest.raises(InputError, match="The other run gives every image the same latent"):
        aligned(mu, constant, 0)
    nearly = np.ones((20, 2))
    nearly[3] = 2
    with pytest.raises(InputError, match="Half of the images share one latent"):
        aligned(mu, latents(nearly), 0)
    broken = normal(20, 2)
    broken[3, 1] = np.nan
    with pytest.raises(InputError, match="The other run gave 1 of 20"):
        aligned(mu, latents(broken), 0)
