"""A bound is met or missed by whole intervals; a claim needs all of its bounds."""

import pytest

from encaudit.study.bounds import above, as_high_as, as_low_as, at_least, at_most, overall
from encaudit.study.results import Measure, RowResult


def results(**measures: tuple[float, float, float] | float | None) -> dict[str, RowResult]:
    """Return one row for each name, with a measure ``x``."""
    found = {}
    for name, told in measures.items():
        if isinstance(told, tuple):
            measure = Measure(value=told[1], low=told[0], high=told[2])
        else:
            measure = Measure(value=told, skipped=None if told is not None else "too few")
        found[name] = RowResult(row=name, seconds=1, measures={"x": measure})
    return found


@pytest.mark.parametrize(
    ("interval", "judged"),
    [
        ((0.9, 1.0, 1.1), "supported"),
        ((0.89, 1.0, 1.1), "undecided"),
        ((0.5, 0.7, 0.9), "undecided"),
        ((0.5, 0.7, 0.89), "refuted"),
        (1.0, "supported"),
        (0.8, "refuted"),
        (None, "not measured"),
    ],
)
def test_a_whole_interval_has_to_clear_a_bound(
    interval: tuple[float, float, float] | float | None, judged: str
) -> None:
    assert at_least("x", "X", 0.9).judge(results(row=interval), "row") == judged
    mirrored = tuple(-end for end in reversed(interval)) if isinstance(interval, tuple) else interval
    mirrored = -mirrored if isinstance(mirrored, float) else mirrored
    assert at_most("x", "X", -0.9).judge(results(row=mirrored), "row") == judged


def test_between_two_bounds_nothing_is_decided() -> None:
    rank = at_least("x", "retrieval rank", 0.4, refuted_below=0.05)
    assert rank.judge(results(row=(0.1, 0.2, 0.3)), "row") == "undecided"
    assert rank.judge(results(row=(0.01, 0.02, 0.04)), "row") == "refuted"
    assert rank.judge(results(row=(0.4, 0.45, 0.5)), "row") == "supported"
    assert str(rank) == "at least 0.4; refuted below 0.05"


def test_above_is_not_met_by_the_value_itself() -> None:
    assert above("x", "T", 0).judge(results(row=0.0), "row") == "refuted"
    assert above("x", "T", 0).judge(results(row=(0.0, 0.1, 0.2)), "row") == "undecided"
    assert above("x", "T", 0).judge(results(row=(0.01, 0.1, 0.2)), "row") == "supported"
    assert at_least("x", "T", 0).judge(results(row=0.0), "row") == "supported"


def test_a_bound_can_be_what_another_row_measured() -> None:
    floor = as_high_as("x", "agreement", "seeds")
    for told, judged in (((0.2, 0.6, 0.9), "supported"), ((0.2, 0.4, 0.6), "undecided"), ((0.1, 0.2, 0.4), "refuted")):
        assert floor.judge(results(row=told, seeds=(0.5, 0.6, 0.7)), "row") == judged
    ceiling = as_low_as("x", "T", "seeds")
    assert ceiling.judge(results(row=(0.1, 0.6, 0.8), seeds=(0.5, 0.6, 0.7)), "row") == "supported"
    assert ceiling.judge(results(row=(0.75, 0.8, 0.9), seeds=(0.5, 0.6, 0.7)), "row") == "refuted"
    assert floor.judge(results(row=(0.2, 0.6, 0.9)), "row") == "not measured"


def test_one_missed_bound_refutes_a_claim_and_all_have_to_be_met() -> None:
    assert overall(["supported", "supported"]) == "supported"
    assert overall(["supported", "undecided"]) == "undecided"
    assert overall(["undecided", "refuted", "not measured"]) == "refuted"
    assert overall(["supported", "not measured", "undecided"]) == "not measured"
