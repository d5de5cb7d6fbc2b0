import io
from pathlib import Path

import pytest
from rich.console import Console

from encaudit.report.console import print_report
from encaudit.results import Finding, Verdict
from tests.report.reports import measurement, report

SPECS = ("roll1", "renoise")


def printed(width: int = 150, **given) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_report(given.get("report", report()), given.get("page"), console)
    return console.file.getvalue()


def test_table_has_a_row_for_each_transform_with_value_interval_and_words():
    text = printed()
    assert "roll1" in text
    assert "roll1:frame=covariant" in text
    assert "0.83" in text
    assert "0.82–0.84" in text
    assert "roll1: scatters. It goes elsewhere." in text


def test_transforms_of_one_verdict_are_told_in_one_sentence():
    judged = tuple(Verdict("scatters", spec, "It goes elsewhere.", []) for spec in ("roll1", "rot90"))
    text = printed(report=report(verdicts=judged))
    assert "roll1, rot90: scatters. It goes elsewhere." in text
    assert text.count("It goes elsewhere.") == 1


def test_controls_stand_below_the_probes():
    lines = printed(report=report(measurement("cka", 0.5, "renoise"), measurement("cka", 0.5, "roll1"))).splitlines()
    first, second = (next(k for k, line in enumerate(lines) if line.startswith(f"  {spec}")) for spec in SPECS)
    assert first < second


def test_skip_is_a_word_and_absence_a_dash():
    text = printed(width=190)
    assert "skipped" in text
    assert "–" in text


def test_floor_and_ceiling_stand_below():
    lines = printed().splitlines()
    floor, ceiling = (next(k for k, line in enumerate(lines) if word in line) for word in ("(floor)", "(ceiling)"))
    assert floor < ceiling
    assert max(k for k, line in enumerate(lines) if line.startswith("  roll1")) < floor


def test_findings_and_the_page_follow_and_markup_is_not_obeyed():
    found = Finding("x", "warning", "image [red]7[/red] is constant")
    text = printed(report=report(findings=(found,)), page=Path("out/report.html"))
    assert "warning image [red]7[/red] is constant" in text
    assert "out/report.html" in text


def test_stdout_stays_clean(capsys):
    print_report(report())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "displacement" in captured.err


@pytest.mark.parametrize("width", [20, 60, 80, 120])
def test_narrow_terminals_get_fewer_columns_but_lines_that_fit(width):
    text = printed(width=width)
    assert max(map(len, text.splitlines())) <= width
    if width >= 60:
        assert "displacement" in text
