from dataclasses import replace

import pytest

from encaudit.report.headline import (
    WORDS,
    between,
    controls_of,
    interval,
    number,
    own_scale,
    probes_of,
    specs_of,
    verdict,
)
from encaudit.results import Verdict
from encaudit.verdicts import CODES
from tests.report.reports import measurement, report, summary


@pytest.mark.parametrize("code", CODES)
def test_every_verdict_has_words(code):
    judged = report(verdicts=(Verdict(code, "roll1", "It is so.", []),))
    assert verdict(judged, "roll1") == WORDS[code]
    assert verdict(judged, "rot90") == ""


def test_probes_and_controls_stand_apart():
    specs = ("renoise", "roll1", "untrained", "roll1:frame=covariant", "untrained+roll1", "other-seed", "rot90")
    one = report(*(measurement("cka", 0.5, spec) for spec in specs))
    assert probes_of(one) == ["roll1", "rot90"]
    assert controls_of(one) == ["renoise", "roll1:frame=covariant", "untrained+roll1", "other-seed"]
    one.provenance["transforms"] = ["untrained"]
    assert "untrained" in controls_of(one)


def test_specs_keep_their_order_without_the_identity():
    one = report(
        measurement("a", 1, "rot90"), measurement("a", 1, "identity"), measurement("b", 1, None), measurement("a", 1)
    )
    assert specs_of(one) == ["rot90", "roll1"]


def test_floor_and_ceiling_are_those_of_the_encoder_under_audit():
    foreign = measurement("cka", 0.2, "untrained+roll1")
    assert between(report(foreign), "cka") == (None, None)
    assert between(report(foreign, measurement("cka", 0.2)), "cka") == (0.0, 0.5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.8301, "0.83"),
        (1234.0, "1.23e+03"),
        (1.0, "1"),
        (0.99874, "0.9987"),
        (-0.002, "-0.002"),
    ],
)
def test_numbers_have_three_digits_that_count(value, text):
    assert number(value) == text


def test_the_second_draw_of_noise_is_told_in_the_random_distances_of_the_other_rows_too():
    def moved(value, spec, random_distance):
        return replace(measurement("displacement", value, spec), ceiling=random_distance)

    rows = (moved(2.0, "roll1", 5.0), moved(1.0, "renoise:draw=1", 3.0))
    assert own_scale(report(*rows)).endswith(
        "among the images of renoise, 3; in those of the other rows, 5, it moves 0.2."
    )
    assert own_scale(report(rows[0])) == ""
    assert own_scale(report(measurement("displacement", "skipped"), rows[1])) == ""


def test_no_interval_is_nothing():
    assert interval(summary(0.5, half_width=None)) == ""
    assert interval(summary(0.5)) == "0.49 – 0.51"
