import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encaudit.errors import InputError
from encaudit.report.document import from_json, read_report, to_json, write_report
from encaudit.results import Finding, Measurement, Report, Skipped, Summary, Verdict
from tests.report.reports import measurement, report

numbers = st.floats(allow_nan=False, allow_infinity=False)
summaries = st.builds(
    lambda median, mean, spread, ends, n: (
        Summary(median, mean, *sorted(spread), *sorted(ends), n)
        if ends
        else Summary(median, mean, *sorted(spread), None, None, n)
    ),
    numbers,
    numbers,
    st.tuples(*[numbers] * 4),
    st.none() | st.tuples(numbers, numbers),
    st.integers(min_value=0, max_value=10**9),
)
measurements = st.builds(
    Measurement,
    st.text(),
    st.integers(),
    st.none() | st.text(),
    st.text(),
    summaries | st.builds(Skipped, st.text()),
    st.none() | numbers,
    st.none() | numbers,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
findings = st.builds(Finding, st.text(), st.sampled_from(["note", "warning", "error"]), st.text())
reports = st.builds(
    Report,
    st.dictionaries(st.text(), json_values, max_size=4),
    st.lists(measurements, max_size=4, unique_by=lambda one: (one.metric, one.transform)),
    st.lists(findings, max_size=3),
)


@settings(max_examples=40, deadline=None)
@given(reports)
def test_every_report_comes_back_from_json_as_it_was(one):
    assert from_json(to_json(one)) == one


def test_document_has_the_fields_of_the_published_schema():
    document = json.loads(to_json(report(findings=(Finding("few", "warning", "n = 7"),))))
    assert list(document) == ["schema", "provenance", "measurements", "findings", "verdicts"]
    assert document["schema"] == 1
    assert set(document["measurements"][0]) == {"metric", "version", "transform", "unit", "value", "floor", "ceiling"}
    quantities = {"median", "mean", "q05", "q25", "q75", "q95", "ci_low", "ci_high", "n"}
    assert set(document["measurements"][0]["value"]) == quantities
    assert document["findings"] == [{"code": "few", "level": "warning", "text": "n = 7"}]


def test_a_verdict_is_read_as_it_was_written():
    verdict = Verdict("scatters", "roll1", "Not shift-invariant.", ["retrieval_rank 0.33 (0.32 - 0.34) above 0.05"])
    written = to_json(replace(report(), verdicts=[verdict]))
    assert from_json(written).verdicts == [verdict]
    with pytest.raises(InputError, match="code"):
        from_json(written.replace('"scatters"', '"scattered"'))


def test_skip_is_a_reason_and_never_a_number():
    document = json.loads(to_json(report(measurement("posterior_kl", "no logvar"))))
    assert document["measurements"][0]["value"] == {"skipped": "no logvar"}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_json_has_no_word_for_is_never_written(tmp_path, bad):
    path = tmp_path / "report.json"
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_report(report(replace(measurement("cka", 0.5), floor=bad)), path)
    assert list(tmp_path.iterdir()) == []


def test_failed_writing_leaves_the_old_report(tmp_path):
    path = tmp_path / "report.json"
    write_report(report(), path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_report(report(measurement("cka", float("nan"))), path)
    assert read_report(path) == report()
    assert list(tmp_path.iterdir()) == [path]


def test_report_may_hold_numpy_floats(tmp_path):
    one = report(replace(measurement("cka", 0.5), floor=np.float64(0.25)))
    assert from_json(to_json(one)).measurements[0].floor == 0.25


def edited(**changes):
    return json.dumps(json.loads(to_json(report())) | changes)


def with_value(value):
    document = json.loads(to_json(report()))
    document["measurements"][0]["value"] = value
    return json.dumps(document)


NUMBERS = dict.fromkeys(("median", "mean", "q05", "q25", "q75", "q95", "ci_low", "ci_high"), 1.0) | {"n": 9}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "schema 1"),
        ("{}", "schema"),
        (edited(schema=2), "has schema 2"),
        (edited(schema="1"), "schema"),
        (edited(findings=[{"code": "a", "level": "fatal", "text": "b"}]), "findings.0.level"),
        (edited(measurements=[{"metric": "cka"}]), "measurements.0"),
        (edited(provenance=None), "provenance"),
        (edited(extra=1), "extra"),
        (with_value({"skipped": 3}), "measurements.0.value"),
        (with_value(0.5), "measurements.0.value"),
        (with_value({"median": 1}), "measurements.0.value"),
        (edited().replace("0.83", "NaN"), "NaN"),
        (edited().replace("0.83", '"0.83"', 1), "measurements.0.value"),
        (with_value(NUMBERS | {"ci_low": 2.0}), "ci_low is above ci_high"),
        (with_value(NUMBERS | {"ci_low": None}), "one end of the interval is missing"),
        (with_value(NUMBERS | {"q05": 2.0}), "not in order"),
        (edited(measurements=json.loads(edited())["measurements"][:1] * 2), "displacement_ratio of roll1 twice"),
    ],
)
def test_what_is_no_report_is_refused_and_the_field_named(text, named):
    with pytest.raises(InputError) as refusal:
        from_json(text, source="some/report.json")
    assert named in str(refusal.value)
    assert "some/report.json" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match="encaudit probe"):
        read_report(tmp_path / "report.json")


def test_binary_file_is_refused(tmp_path):
    (tmp_path / "report.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_report(tmp_path / "report.json")
