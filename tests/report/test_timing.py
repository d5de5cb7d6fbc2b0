"""Where the time went is one line."""

import io

from rich.console import Console

from encaudit.report.console import print_report
from encaudit.report.html import render_html
from encaudit.report.timing import time_line
from encaudit.results import Report
from tests.report.reports import report

SECONDS = {"loading the encoder": 0.9, "encoding": 20.0, "measuring": 12.4, "UMAP": 21.2, "decoding volumes": 9.04}
LINE = "64 s: encoding 20 s (6,100 images/s), measuring 12 s, UMAP 21 s, decoding volumes 9.0 s"


def timed(seconds: dict[str, float] = SECONDS, whole: float = 63.7, n: int = 122_345) -> Report:
    one = report()
    one.provenance.update(seconds=seconds, duration_s=whole, images={"n": n})
    return one


def test_the_line_names_what_took_long_in_its_order() -> None:
    assert time_line(timed()) == LINE


def test_long_audits_are_told_in_minutes() -> None:
    assert time_line(timed({"encoding": 1500.0}, 3000.0)) == "50 min: encoding 25 min (82 images/s)"


def test_a_report_that_took_no_time_has_no_line() -> None:
    assert time_line(report()) is None


def test_console_and_page_show_it_and_others_do_without() -> None:
    console = Console(file=io.StringIO(), width=150)
    print_report(timed(), None, console)
    assert console.file.getvalue().rstrip().endswith(LINE)
    assert LINE in render_html(timed(), {})
    assert "images/s" not in render_html(report(), {})
