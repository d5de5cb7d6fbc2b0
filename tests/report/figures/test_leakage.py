from dataclasses import replace

from encaudit.report.figures.canvas import RANDOM_GREY
from encaudit.report.figures.leakage import leakage
from encaudit.results import Measurement
from tests.report.figures.pictures import assert_png, pixels_of
from tests.report.reports import measurement

BAR = "#9bb9d9"  # blue on white


def leaks() -> list[Measurement]:
    found = [measurement(f"leakage_{name}", value, None) for name, value in (("pose", 0.4), ("defocus", 0.1))]
    return [replace(one, floor=0.01) for one in found]


def test_a_bar_is_as_long_as_the_leakage():
    large, small = (
        pixels_of(assert_png(leakage([*leaks()[:1], replace(leaks()[1], value=one)])), BAR)
        for one in (leaks()[0].value, leaks()[1].value)
    )
    assert large > 1.4 * small


def test_the_permuted_floor_is_marked():
    picture = assert_png(leakage(leaks()))
    without = assert_png(leakage([replace(one, floor=None) for one in leaks()]))
    assert pixels_of(picture, RANDOM_GREY) > pixels_of(without, RANDOM_GREY) + 100


def test_what_was_skipped_is_named_below():
    skipped = measurement("leakage_micrograph", "the images name no micrographs", None)
    assert assert_png(leakage([*leaks(), skipped])).height > assert_png(leakage(leaks())).height
    assert leakage([skipped]) is None
    assert leakage([]) is None


def test_no_leakage_and_no_interval_are_drawn():
    assert_png(leakage([measurement("leakage_pose", 0.0, None, half_width=None)]))
    assert_png(leakage([replace(measurement("leakage_pose", -0.02, None), floor=None)]))


def test_long_names_are_cut():
    short, long = (assert_png(leakage([measurement(f"leakage_{'x' * n}", 0.3, None)])) for n in (28, 200))
    assert short.size == long.size
