"""Half-lives of planted laws: known in closed form, or said in words where there is none."""

import math

import numpy as np
import pytest

from encaudit.dose import dose_curve
from encaudit.dose.curve import _OwnAgainstRandom, fall_to_half
from encaudit.dose.specs import LADDERS
from encaudit.errors import InputError, UnknownNameError
from encaudit.metrics.cloud import Cloud, Pair
from encaudit.results import Encodings, Skipped, Summary
from tests.dose.planted import HALF_AT, auc_of, encodings, scattered
from tests.metrics.planted import latents, value

ROLL = {amount: LADDERS["roll"].spec(amount) for amount in LADDERS["roll"].amounts}
ROTATE = {amount: LADDERS["rotate"].spec(amount) for amount in LADDERS["rotate"].amounts}


def summary(found: Summary | Skipped) -> Summary:
    assert isinstance(found, Summary), found
    return found


def low_and_high(found: Summary | Skipped) -> tuple[float, float]:
    known = summary(found)
    assert known.ci_low is not None and known.ci_high is not None
    return known.ci_low, known.ci_high


@pytest.mark.parametrize("per_px", [0.2, 0.6, 2.0])
def test_the_half_life_of_a_planted_law_is_found(per_px: float) -> None:
    curve = dose_curve(scattered(lambda px: per_px * px, ROLL, n=2000), "roll", seed=0)
    half_life = summary(curve.half_life)
    low, high = low_and_high(half_life)
    assert half_life.median == pytest.approx(HALF_AT / per_px, rel=0.06)
    assert low < half_life.median < high < 1.3 * low
    for dose, auc in zip(curve.doses, curve.pair_auc, strict=True):
        assert summary(auc).median == pytest.approx(auc_of(per_px * dose), abs=0.02)


def test_angles_have_their_own_unit_and_name() -> None:
    curve = dose_curve(scattered(lambda deg: 0.02 * deg, ROTATE, n=300), "rotate", seed=0)
    assert (curve.kind, curve.unit) == ("rotate", "deg")
    (measured,) = curve.measurements
    assert (measured.metric, measured.unit, measured.transform) == ("half_life_deg", "deg", None)
    assert (measured.floor, measured.ceiling) == (None, None)
    assert measured.value == curve.half_life


def test_displacement_is_told_at_every_dose() -> None:
    mu = np.random.default_rng(0).normal(size=(400, 3))
    moved = {spec: mu + 0.1 * px * np.eye(3)[0] for px, spec in ROLL.items()}
    curve = dose_curve(encodings(mu, moved), "roll", seed=0)
    ratios = [summary(one).median for one in curve.displacement_ratio]
    assert np.allclose(np.array(ratios) / ratios[0], curve.doses / curve.doses[0], rtol=1e-4)
    assert curve.specs == list(ROLL.values())


def test_an_invariant_encoder_has_no_half_life() -> None:
    mu = np.random.default_rng(0).normal(size=(100, 2))
    curve = dose_curve(encodings(mu, dict.fromkeys(ROLL.values(), mu)), "roll", seed=0)
    assert curve.half_life == Skipped("pair_auc never falls to 0.75 up to 8 px (lowest: 1)")
    assert [summary(one).median for one in curve.pair_auc] == [1.0] * len(ROLL)


def test_an_encoder_that_hashes_has_lost_every_image_at_the_smallest_dose() -> None:
    rng = np.random.default_rng(0)
    hashed = {spec: rng.normal(size=(400, 2)) for spec in ROLL.values()}
    curve = dose_curve(encodings(rng.normal(size=(400, 2)), hashed), "roll", seed=0)
    assert isinstance(curve.half_life, Skipped)
    assert "at the smallest dose of 0.1 px already" in curve.half_life.skipped


def test_a_constant_encoder_has_no_place_to_leave() -> None:
    mu = np.ones((50, 2))
    curve = dose_curve(encodings(mu, dict.fromkeys(ROLL.values(), mu)), "roll", seed=0)
    assert isinstance(curve.half_life, Skipped)
    assert "coincide" in curve.half_life.skipped


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    three = {0.5: ROLL[0.5], 1: ROLL[1], 2: ROLL[2]}
    truth = fall_to_half(np.array([0.5, 1, 2]), np.array([auc_of(0.6 * px) for px in three]))
    held = 0
    for seed in range(60):
        curve = dose_curve(scattered(lambda px: 0.6 * px, three, n=150, seed=seed), "roll", seed=seed)
        low, high = low_and_high(curve.half_life)
        held += low <= truth <= high
    assert 52 <= held <= 60


def test_whole_groups_are_resampled() -> None:
    """Ten copies of an image say little more than the image: only their random partners are other ones."""
    once = scattered(lambda px: 0.6 * px, ROLL, n=80)
    copies = np.repeat(np.arange(80), 10)
    many = Encodings(
        latents(once.reference.mu[copies]), {spec: latents(one.mu[copies]) for spec, one in once.moved.items()}
    )
    narrow = low_and_high(dose_curve(many, "roll", seed=0).half_life)
    wide = low_and_high(dose_curve(many, "roll", seed=0, groups=np.array([f"m{i}" for i in copies])).half_life)
    assert np.log(wide[1] / wide[0]) > 1.4 * np.log(narrow[1] / narrow[0])


def test_few_images_have_a_half_life_and_no_interval() -> None:
    half_life = summary(dose_curve(scattered(lambda px: 0.6 * px, ROLL, n=15), "roll", seed=1).half_life)
    assert (half_life.ci_low, half_life.ci_high) == (None, None)
    assert half_life.n == 15


def test_an_interval_does_not_leave_the_doses() -> None:
    curve = dose_curve(scattered(lambda px: 0.085 * px, ROLL, n=60, seed=0), "roll", seed=0)
    low, high = low_and_high(curve.half_life)
    assert 0.1 <= low < high == pytest.approx(8)


def test_only_the_images_of_all_doses_count() -> None:
    whole = scattered(lambda px: 0.6 * px, ROLL, n=200)
    some, other = np.arange(0, 150), np.arange(50, 200)
    moved = dict(whole.moved)
    moved[ROLL[0.1]], moved[ROLL[8]] = moved[ROLL[0.1]].take(some), moved[ROLL[8]].take(other)
    middle = np.arange(50, 150)
    cut = Encodings(whole.reference.take(middle), {spec: one.take(middle) for spec, one in whole.moved.items()})
    groups = np.arange(200) // 10
    partly = dose_curve(Encodings(whole.reference, moved), "roll", seed=0, groups=groups)
    assert partly.half_life == dose_curve(cut, "roll", seed=0, groups=groups[middle]).half_life
    assert summary(partly.half_life).n == 100


def test_the_curve_of_no_weights_is_pair_auc() -> None:
    rng = np.random.default_rng(0)
    mu = rng.integers(0, 4, size=(60, 2)).astype(float)  # with ties
    pair = Pair(Cloud(latents(mu), None, 0), latents(mu + rng.integers(-1, 2, size=mu.shape)))
    assert _OwnAgainstRandom(pair).auc(np.ones(60)) == pytest.approx(value("pair_auc", pair), abs=1e-12)


def test_weights_are_copies() -> None:
    rng = np.random.default_rng(0)
    mu, moved = rng.normal(size=(2, 7, 2))
    pair = Pair(Cloud(latents(mu), None, 0), latents(moved))
    own, random = pair.displacement, np.linalg.norm(pair.mu - pair.cloud.mu[pair.cloud.partner], axis=1)
    weights = np.array([2, 0, 1, 3, 1, 0, 1])
    copied = np.repeat(own, weights)[:, None] < np.repeat(random, weights)
    assert _OwnAgainstRandom(pair).auc(weights) == pytest.approx(copied.mean())


@pytest.mark.parametrize(
    ("curve", "at"),
    [
        ([0.9, 0.6], math.sqrt(2)),  # half-way between the doses 1 and 2, over their logarithms
        ([0.75, 0.6], 1),
        ([0.7, 0.6], 1),
        ([0.9, 0.75], 2),
        ([0.9, 0.8], math.inf),
        ([0.9, 0.6, 0.9, 0.6], math.sqrt(2)),
    ],
)
def test_the_first_fall_counts(curve: list[float], at: float) -> None:
    assert fall_to_half(2.0 ** np.arange(len(curve)), np.array(curve)) == pytest.approx(at)


def test_what_cannot_be_drawn_is_refused() -> None:
    mu = np.random.default_rng(0).normal(size=(50, 2))
    with pytest.raises(UnknownNameError, match="rotate"):
        dose_curve(encodings(mu, {}), "rotat", seed=0)
    with pytest.raises(InputError, match=r"at least 2 of them encoded; found 1\. Encode shift:dx=0\.1, "):
        dose_curve(encodings(mu, {"shift:dx=1": mu}), "roll", seed=0)
    with pytest.raises(InputError, match="2 images were encoded"):
        dose_curve(encodings(mu[:2], dict.fromkeys(ROLL.values(), mu[:2])), "roll", seed=0)
