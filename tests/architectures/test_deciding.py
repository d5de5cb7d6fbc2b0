"""Better, worse or undecided, and how many more images would tell."""

import numpy as np
import pytest

from encaudit.architectures import LEAST, MOST_IMAGES, Row
from encaudit.architectures.deciding import decide


def row(change: float, reach: float | None = 0.1, *, better: str | None = "lower", n: int = 1000, scale=1.0) -> Row:
    low, high = (None, None) if reach is None else (change - reach, change + reach)
    return Row("m", "roll1", "1", 0.5, 0.5 + change, change, low, high, n, True, better, scale)


@pytest.mark.parametrize(
    ("change", "better", "verdict"),
    [
        (-0.3, "lower", "better"),
        (0.3, "lower", "worse"),
        (0.3, "higher", "better"),
        (-0.3, "higher", "worse"),
        (0.3, None, "larger"),
        (-0.3, None, "smaller"),
        (0.05, "lower", "undecided"),
    ],
)
def test_the_direction_is_that_of_the_metric(change: float, better: str | None, verdict: str) -> None:
    assert decide([row(change, better=better)])[0].verdict == verdict


def test_alone_a_row_is_decided_by_its_95_percent_interval() -> None:
    assert decide([row(0.101)])[0].verdict == "worse"
    assert decide([row(0.099)])[0].verdict == "undecided"


def test_among_many_rows_an_interval_that_just_excludes_zero_decides_nothing() -> None:
    alike = [row(0.0, 0.1) for _ in range(39)]
    assert decide([row(0.11), *alike])[0].verdict == "undecided"
    assert decide([row(0.2), *alike])[0].verdict == "worse"


def test_what_is_decided_leaves_more_to_the_others() -> None:
    # 0.12 / 0.1 intervals are p = 0.019: too much for the third part of 5 %, but not for 5 % once two are decided
    assert [one.verdict for one in decide([row(0.12), row(0.3), row(0.3)])] == ["worse"] * 3
    assert decide([row(0.12), row(0.0), row(0.0)])[0].verdict == "undecided"


def test_of_chance_alone_at_most_one_pair_in_twenty_has_a_verdict() -> None:
    rng = np.random.default_rng(0)
    reach = 1.959964  # of a standard error of 1
    wrong = sum(
        any(one.verdict != "undecided" for one in decide([row(drawn, reach) for drawn in rng.standard_normal(30)]))
        for _ in range(400)
    )
    assert wrong / 400 == pytest.approx(0.05, abs=0.03)
    alone = sum(abs(drawn) > reach for drawn in rng.standard_normal(400 * 30)) / 400
    assert alone > 1  # while of the intervals themselves more than one a pair excludes zero


def test_twice_as_surely_needs_four_times_the_images() -> None:
    undecided = decide([row(0.05)])[0]  # half an interval: four times the images
    assert undecided.more_images == pytest.approx(3000, rel=0.01)
    assert "3,000 more" in undecided.because or "3,100 more" in undecided.because
    assert decide([row(0.05), row(0.0)])[0].more_images > 3000


def test_with_so_many_images_it_would_be_decided() -> None:
    found = decide([row(0.05), row(0.02), row(0.3)])
    more = found[0].more_images
    assert more is not None
    shrunk = (1000 / (1000 + more)) ** 0.5
    assert decide([row(0.05, 0.1 * shrunk), row(0.02, 0.1), row(0.3)])[0].verdict == "worse"


def test_what_is_practically_nothing_asks_for_no_images() -> None:
    tiny = decide([row(0.9 * LEAST)])[0]
    assert (tiny.verdict, tiny.slight, tiny.more_images) == ("undecided", True, None)
    assert "no difference to speak of" in tiny.because
    same = decide([row(0.0, 0.0)])[0]
    assert same.verdict == "undecided" and "no difference" in same.because
    hopeless = decide([row(0.02, 10, n=1000)])[0]
    assert hopeless.more_images is None and f"{MOST_IMAGES // 1_000_000} million" in hopeless.because


def test_a_sure_but_slight_difference_is_called_slight() -> None:
    found = decide([row(0.5 * LEAST, 0.001)])[0]
    assert (found.verdict, found.slight) == ("worse", True)


def test_without_an_interval_nothing_is_decided() -> None:
    found = decide([row(0.3, None)])[0]
    assert found.verdict == "undecided" and "no interval" in found.because


def test_the_bound_on_the_way_to_zero_decides() -> None:
    lopsided = Row("m", "roll1", "1", 0, 0.2, 0.2, 0.01, 5.0, 100, True, "lower", 1.0)
    assert decide([lopsided])[0].verdict == "worse"


def test_gain_is_positive_for_what_is_better() -> None:
    assert row(-0.2, scale=2.0).gain(-0.2) == pytest.approx(0.1)
    assert row(0.2, better="higher").gain(0.2) == pytest.approx(0.2)
    assert row(0.2, scale=None).gain(0.2) is None
