"""What came of a check: one outcome a rule, and whether the gate is passed."""

from dataclasses import dataclass
from typing import Any, Literal

from encaudit.results import Finding

Kind = Literal["max", "min", "max_increase", "max_decrease"]
Outcome = Literal["passed", "failed", "waived", "skipped"]


@dataclass(frozen=True)
class Check:
    """One rule on one metric under one transform (None: of the encoder alone).

    ``limit`` is in the units of the metric, relative ones multiplied out. ``found`` and ``baseline`` are the values of
    the two reports; ``change`` is the second minus the first, on the same images where a rule goes by the interval of
    the difference (``low``, ``high``: 95 %). ``waiver``: the id of what excuses a failure.
    """

    id: str
    metric: str
    transform: str | None
    kind: Kind
    level: Literal["warn", "error"]
    limit: float
    found: float | None
    baseline: float | None
    change: float | None
    low: float | None
    high: float | None
    outcome: Outcome
    text: str
    waiver: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether this check alone fails the gate."""
        return self.outcome == "failed" and self.level == "error"


@dataclass(frozen=True)
class Gate:
    """All checks of one report, what else a reader has to know, and what was compared with what."""

    provenance: dict[str, Any]
    checks: list[Check]
    findings: list[Finding]

    @property
    def passed(self) -> bool:
        """Whether no rule of level error is broken without a waiver."""
        return not any(check.blocks for check in self.checks)

    @property
    def exit_code(self) -> Literal[0, 1]:
        """Return 0 for a gate that is passed, 1 for a regression."""
        return 0 if self.passed else 1

    def counts(self) -> dict[str, int]:
        """Return how many checks passed, failed, only warn, were waived and were skipped."""
        outcomes = {"passed": 0, "failed": 0, "warned": 0, "waived": 0, "skipped": 0}
        for check in self.checks:
            outcomes["warned" if check.outcome == "failed" and not check.blocks else check.outcome] += 1
        return outcomes
