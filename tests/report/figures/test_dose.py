from dataclasses import replace

import numpy as np
import pytest

from encaudit.dose import DoseCurve, dose_curve
from encaudit.dose.specs import LADDERS
from encaudit.report.figures.canvas import IMAGE_RED, MEASURED_BLUE
from encaudit.report.figures.dose import dose
from encaudit.results import Skipped
from tests.dose.planted import scattered
from tests.report.figures.pictures import assert_png, pixels_of


def curve(per_unit: float, kind: str = "roll", n: int = 200) -> DoseCurve:
    ladder = LADDERS[kind]
    doses = {amount: ladder.spec(amount) for amount in ladder.amounts}
    return dose_curve(scattered(lambda amount: per_unit * amount, doses, n), kind, seed=0)


@pytest.mark.parametrize(("per_unit", "kind", "n"), [(0.4, "roll", 200), (4, "roll", 200), (0.02, "rotate", 12)])
def test_a_half_life_is_marked_in_red_on_a_blue_curve(per_unit, kind, n):
    picture = assert_png(dose(curve(per_unit, kind, n)))
    assert pixels_of(picture, MEASURED_BLUE) > 1000
    assert pixels_of(picture, IMAGE_RED) > 600


@pytest.mark.parametrize("per_unit", [0, 0.001, 500])
def test_a_curve_without_a_half_life_says_so(per_unit):
    found = curve(per_unit)
    assert isinstance(found.half_life, Skipped)
    assert_png(dose(found))


def test_the_same_curve_gives_the_same_picture():
    assert dose(curve(0.4)) == dose(curve(0.4))


def test_doses_that_were_not_measured_are_left_out():
    found = curve(0.4)
    nothing = Skipped("nothing there")
    assert_png(dose(replace(found, pair_auc=[nothing, *found.pair_auc[1:]])))
    assert_png(dose(replace(found, pair_auc=[nothing] * len(found.pair_auc), half_life=nothing)))


def test_an_encoder_below_chance_stays_on_the_picture():
    found = curve(0.4)
    lower = [replace(one, median=0.1, ci_low=0.05, ci_high=0.15) for one in found.pair_auc]
    picture = assert_png(dose(replace(found, pair_auc=lower, half_life=Skipped("x"))))
    assert pixels_of(picture, MEASURED_BLUE) > 1000


def test_every_kind_of_dose_has_words():
    for kind in LADDERS:
        assert np.isfinite(curve(0.02, kind).doses).all()
        assert_png(dose(curve(0.02, kind)))
