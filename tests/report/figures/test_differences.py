"""Differences of two audits are drawn where they lie, in the colour of their verdict."""

from dataclasses import replace

from encaudit.architectures import Pair, Row
from encaudit.report.figures.differences import differences
from tests.report.figures.pictures import assert_png, pixels_of

BETTER, WORSE, OTHER = "#2166ac", "#a50f15", "#7b3fa0"
ROW = Row("retrieval_rank", "roll1", "1", 0.3, 0.1, -0.2, -0.25, -0.15, 100, True, "lower", 0.5, "better")


def pair(*rows: Row) -> Pair:
    return Pair("a", "b", 100, list(rows), [])


def test_better_and_worse_have_their_colours() -> None:
    better = assert_png(differences(pair(ROW)))
    worse = assert_png(differences(pair(replace(ROW, change=0.2, low=0.15, high=0.25, verdict="worse"))))
    assert pixels_of(better, BETTER) > 20 and pixels_of(better, WORSE) == 0
    assert pixels_of(worse, WORSE) > 20 and pixels_of(worse, BETTER) == 0


def test_many_transforms_and_the_encoder_alone_have_panels() -> None:
    one = assert_png(differences(pair(ROW)))
    rows = [replace(ROW, transform=f"roll{i}") for i in range(1, 8)]
    alone = replace(
        ROW, metric="prior_kl", transform=None, better=None, verdict="larger", change=0.2, low=None, high=None
    )
    many = assert_png(differences(pair(*rows, alone)))
    assert many.width > one.width and many.height > 2 * one.height
    assert pixels_of(many, OTHER) > 0


def test_without_anything_in_proportion_there_is_no_picture() -> None:
    assert differences(pair(replace(ROW, scale=None))) is None
    assert differences(pair(replace(ROW, verdict=None))) is None
