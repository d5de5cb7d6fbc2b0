"""A waiver excuses a failure until its day, and says when it is of no use."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from encaudit.gate import Check, Waiver
from encaudit.gate.waivers import waive

TODAY = date(2026, 6, 15)
FAILED = Check("cka@roll1/min", "cka", "roll1", "min", "error", 0.9, 0.5, None, None, None, None, "failed", "Too low.")
PASSED = replace(FAILED, id="elbo/min", metric="elbo", transform=None, outcome="passed")


def waiver(id: str = "cka@roll1/min", days: int = 30) -> Waiver:
    return Waiver(id, "agreed in #12", TODAY + timedelta(days=days))


@pytest.mark.parametrize("id", ["cka@roll1/min", "cka@*", "*", "cka@roll?/min"])
def test_a_failure_is_waived_by_name_or_pattern(id: str) -> None:
    checks, remarks = waive([FAILED, PASSED], [waiver(id)], TODAY)
    assert [one.outcome for one in checks] == ["waived", "passed"]
    assert checks[0].waiver == id and "agreed in #12" in checks[0].text and "2026-07-15" in checks[0].text
    assert remarks == []


def test_brackets_of_an_id_are_no_pattern() -> None:
    check = replace(FAILED, id="cka@renoise:clean=[a].npy/min")
    assert waive([check], [waiver(check.id)], TODAY)[0][0].outcome == "waived"


def test_the_last_day_that_a_calendar_knows_has_not_expired() -> None:
    checks, _ = waive([FAILED], [Waiver(FAILED.id, "for good", date.max)], TODAY)
    assert checks[0].outcome == "waived"


@pytest.mark.parametrize(("days", "outcome"), [(0, "waived"), (-1, "waived"), (-2, "failed")])
def test_it_holds_through_its_day_and_one_of_grace(days: int, outcome: str) -> None:
    checks, _ = waive([FAILED], [waiver(days=days)], TODAY)
    assert checks[0].outcome == outcome


def test_an_expired_one_names_its_day_in_the_failure_and_as_an_error() -> None:
    checks, remarks = waive([FAILED], [waiver(days=-10)], TODAY)
    assert checks[0].outcome == "failed" and checks[0].waiver is None and "2026-06-05" in checks[0].text
    assert [(one.code, one.level) for one in remarks] == [("waiver-expired", "error")]
    assert "2026-06-05" in remarks[0].text and "today is 2026-06-15 (UTC)" in remarks[0].text


def test_a_later_waiver_takes_the_place_of_an_expired_one() -> None:
    checks, _ = waive([FAILED], [waiver(days=-10), waiver("cka@*")], TODAY)
    assert checks[0].outcome == "waived"


@pytest.mark.parametrize("days", [30, -10])
def test_one_with_nothing_to_waive_is_stale(days: int) -> None:
    _, remarks = waive([PASSED], [waiver("elbo/min", days)], TODAY)
    assert [(one.code, one.level) for one in remarks] == [("waiver-stale", "warning")]


def test_a_misspelt_one_is_stale_and_told_the_nearest_id() -> None:
    checks, remarks = waive([FAILED], [waiver("cka@roll1/mim")], TODAY)
    assert checks[0].outcome == "failed"
    assert "Did you mean 'cka@roll1/min'" in remarks[0].text


@pytest.mark.parametrize(("days", "codes"), [(360, []), (400, ["waiver-long"])])
def test_one_for_more_than_a_year_is_doubted(days: int, codes: list[str]) -> None:
    assert [one.code for one in waive([FAILED], [waiver(days=days)], TODAY)[1]] == codes
