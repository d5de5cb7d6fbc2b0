import numpy as np
import pytest

from encaudit.dose import grid_specs, worst_case
from encaudit.errors import InputError
from encaudit.results import Encodings, Skipped, Summary
from encaudit.stats import derangement
from tests.dose.planted import encodings

GRID = grid_specs(1)


def moved_by(lengths: np.ndarray, n: int = 300, d: int = 3) -> Encodings:
    """Image i moves by lengths[k, i] under the k-th transform."""
    mu = np.random.default_rng(0).normal(size=(n, d))
    step = np.eye(d)[0]
    return encodings(mu, {spec: mu + length[:, None] * step for spec, length in zip(GRID, lengths, strict=True)})


def random_median(mu: np.ndarray, seed: int = 0) -> float:
    return float(np.median(np.linalg.norm(mu - mu[derangement(len(mu), seed)], axis=1)))


def test_the_transform_that_moves_an_image_most_counts_for_it() -> None:
    lengths = np.random.default_rng(1).random((8, 300))
    found = moved_by(lengths)
    (measured,) = worst_case(found, GRID, seed=0)
    assert isinstance(measured.value, Summary)
    expected = float(np.median(lengths.max(axis=0))) / random_median(found.reference.mu)
    assert measured.value.median == pytest.approx(expected, rel=1e-4)
    assert measured.value.ci_low is not None and measured.value.ci_high is not None
    assert measured.value.ci_low < expected < measured.value.ci_high
    assert (measured.metric, measured.transform, measured.unit) == ("worst_case_ratio", None, "1")


def test_an_invariant_encoder_is_at_the_floor() -> None:
    (measured,) = worst_case(moved_by(np.zeros((8, 300))), GRID, seed=0)
    assert isinstance(measured.value, Summary)
    assert measured.value.median == measured.floor == 0


def test_an_encoder_that_hashes_is_at_the_ceiling() -> None:
    rng = np.random.default_rng(2)
    mu = rng.normal(size=(1500, 2))
    hashed = encodings(mu, {spec: rng.normal(size=mu.shape) for spec in GRID})
    (measured,) = worst_case(hashed, GRID, seed=0)
    assert isinstance(measured.value, Summary)
    assert measured.ceiling is not None
    assert measured.value.median == pytest.approx(measured.ceiling, rel=0.04)
    assert measured.ceiling > 1.5, "the farthest of eight strangers is farther than one"


def test_the_ceiling_takes_as_many_strangers_as_there_are_transforms() -> None:
    few = moved_by(np.ones((8, 8)), n=8)
    assert worst_case(few, GRID, seed=0)[0].ceiling is None
    (all_others,) = worst_case(few, GRID[:7], seed=0)
    mu = few.reference.mu.astype(float)
    farthest = np.linalg.norm(mu[:, None] - mu, axis=-1).max(axis=1)
    assert all_others.ceiling == pytest.approx(float(np.median(farthest)) / random_median(mu))
    assert worst_case(few, GRID[:1], seed=0)[0].ceiling == pytest.approx(1)


def test_a_constant_encoder_is_not_measured() -> None:
    mu = np.ones((30, 2))
    (measured,) = worst_case(encodings(mu, dict.fromkeys(GRID, mu)), GRID, seed=0)
    assert isinstance(measured.value, Skipped)
    assert measured.ceiling is None


def test_only_the_images_of_all_transforms_count() -> None:
    whole = moved_by(np.random.default_rng(1).random((8, 300)))
    part = np.arange(100, 200)
    moved = whole.moved | {GRID[0]: whole.moved[GRID[0]].take(part)}
    cut = Encodings(whole.reference.take(part), {spec: one.take(part) for spec, one in whole.moved.items()})
    groups = np.repeat(np.arange(30), 10)
    partly = worst_case(Encodings(whole.reference, moved), GRID, seed=0, groups=groups)
    assert partly == worst_case(cut, GRID, seed=0, groups=groups[part])


def test_a_grid_with_holes_is_refused() -> None:
    found = moved_by(np.ones((8, 300)))
    del found.moved["roll1"]
    with pytest.raises(InputError, match="found none under roll1"):
        worst_case(found, GRID, seed=0)
    with pytest.raises(InputError, match="under any"):
        worst_case(found, [], seed=0)
