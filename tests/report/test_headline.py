import pytest

from encaudit.report.headline import between, interval, number, specs_of, verdict
from encaudit.results import Finding
from tests.report.reports import measurement, report, summary


@pytest.mark.parametrize(
    ("rank", "words"),
    [
        (0.0, "keeps its place"),
        (0.049, "keeps its place"),
        (0.05, "stays in its region"),
        (0.331, "scattered"),
        (0.45, "like a random image"),
        (1.0, "like a random image"),
    ],
)
def test_words_follow_the_retrieval_rank(rank, words):
    assert verdict(report(measurement("retrieval_rank", rank, half_width=None)), "roll1") == words
    assert words in verdict(report(measurement("retrieval_rank", rank)), "roll1")


def test_an_interval_across_a_bound_gets_both_words():
    assert verdict(report(measurement("retrieval_rank", 0.195)), "roll1") == "stays in its region, or scattered"
    assert verdict(report(measurement("retrieval_rank", 0.3)), "roll1") == "scattered"


@pytest.mark.parametrize("code", ["constant-encoder", "collapsed-posterior"])
def test_an_encoder_that_says_nothing_is_not_judged(code):
    collapsed = report(measurement("retrieval_rank", 0.5), findings=(Finding(code, "warning", "it says nothing"),))
    assert verdict(collapsed, "roll1") == "not judged"


def test_few_images_skips_and_absence_are_not_judged():
    assert verdict(report(measurement("retrieval_rank", 0.0, n=19)), "roll1") == "too few images to say"
    assert verdict(report(measurement("retrieval_rank", "no reason")), "roll1") == "not judged"
    assert verdict(report(measurement("cka", 0.3)), "roll1") == "not judged"


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


def test_no_interval_is_nothing():
    assert interval(summary(0.5, half_width=None)) == ""
    assert interval(summary(0.5)) == "0.49 – 0.51"
