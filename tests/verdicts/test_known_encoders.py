"""A slice of benchmarks/verdict_errors.py: encoders whose truth is known get that verdict or none, and no other."""

import pytest

from benchmarks.planted_images import DOUBTS_ALL, Case, survives, verdict
from benchmarks.verdict_errors import Outcome, cases, confident, wrong
from encaudit.encoders.planted import Mixture

INVARIANT, LAWFUL, SCATTERING, HASHING = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)


@pytest.mark.parametrize("d", [2, 8])
@pytest.mark.parametrize(
    ("shares", "snr", "logvar", "n", "expected"),
    [
        (INVARIANT, 100.0, None, 100, "invariant"),
        (INVARIANT, 0.1, None, 100, "invariant"),
        (LAWFUL, 10.0, None, 100, "equivariant"),
        (SCATTERING, 100.0, None, 100, "scatters"),
        (HASHING, 100.0, None, 1000, "memorizes-noise"),
        (SCATTERING, 0.1, None, 1000, "memorizes-noise"),
        ((0.6, 0, 0, 0.4), 100.0, None, 300, "inconclusive"),
        (INVARIANT, 100.0, DOUBTS_ALL, 100, "collapsed"),
        (INVARIANT, 100.0, None, 12, "too-few-images"),
    ],
)
def test_what_is_true_is_said(
    shares: tuple[float, ...], snr: float, logvar: float | None, n: int, expected: str, d: int
) -> None:
    case = Case(Mixture(d, logvar, *shares), snr, n, seed=7)
    assert case.truth == expected
    assert verdict(case).code == expected


def test_no_verdict_of_a_slice_of_the_benchmark_is_wrong() -> None:
    some = cases(seed=11, images=(100,))[::18]
    outcomes = [Outcome(case, verdict(case).code) for case in some]
    assert wrong(outcomes) == []
    assert len(confident(outcomes)) >= len(outcomes) / 4


def test_fresh_noise_leaves_more_of_the_invariant_part_than_of_the_others_and_more_at_a_high_snr() -> None:
    assert survives("invariant", 10.0) > survives("scattering", 10.0) + 0.1
    assert survives("scattering", 100.0) > 0.9
    assert survives("scattering", 0.1) < 0.05
    assert survives("hashing", 100.0) == pytest.approx(0, abs=0.02)


def test_between_two_truths_both_are_right_and_so_is_no_verdict() -> None:
    between = Case(Mixture(8, None, 0.9, 0, 0.1, 0), 100.0, 300, seed=0)
    assert between.right == {"invariant", "inconclusive"}
    assert between.truth == "between"
