"""docs/verdicts.md was made with the bounds that the code has."""

from pathlib import Path

import pytest

from encaudit.verdicts import RULES

PAGE = (Path(__file__).parent.parent.parent / "docs" / "verdicts.md").read_text()


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.bounds], ids=lambda rule: rule.code)
def test_the_committed_error_rates_are_those_of_the_bounds_in_the_code(rule) -> None:
    stale = "the bounds have changed: make the page again with python -m benchmarks.verdict_errors"
    for bound in {bound for group in rule.bounds for bound in group}:
        assert f"| {rule.code} | {bound.measure} | {bound} |" in PAGE, stale
