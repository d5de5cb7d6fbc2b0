"""Several audits, each against the first."""

import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from encaudit import __version__
from encaudit.architectures.comparability import NamedAudit, refuse_incomparable, remarks_on, why_left_out
from encaudit.architectures.deciding import decide
from encaudit.architectures.found import ArchitectureComparison, LeftOut, Pair, Row
from encaudit.errors import InputError
from encaudit.orientation import better, is_judged
from encaudit.paired import Difference, paired_difference, unpaired_difference
from encaudit.results import IDENTITY, Finding, Measurement, Summary

ONE_TRAINING = Finding(
    "one-training-each",
    "note",
    "What differs is between these encoders as they were trained; how far another seed of each would lie off, their "
    "images cannot tell. Audit some seeds of each architecture before you choose one.",
)


def compare_audits(
    audits: Sequence[NamedAudit], *, seed: int, command: Sequence[str], note: Callable[[str], None]
) -> ArchitectureComparison:
    """Set each audit beside the first, metric by metric, on the images that both have.

    Raises InputError where two cannot be compared.
    """
    first, *others = audits
    for other in others:
        refuse_incomparable(first, other)
    pairs, findings = [], [ONE_TRAINING]
    for other in others:
        note(f"Comparing {first.name} and {other.name}")
        pair = _pair(first, other, seed)
        if not any(is_judged(row.transform) for row in pair.rows):
            why = f" ({pair.left_out[0].metric}: {pair.left_out[0].reason})" if pair.left_out else ""
            raise InputError(
                f"Nothing of {first.path} and {other.path} can be compared{why}. Audit both with one encaudit and "
                "the same --transform."
            )
        pairs.append(pair)
        findings += remarks_on(first, other)
    provenance = {
        "encaudit": __version__,
        "command": shlex.join(["encaudit", *command]),
        "seed": seed,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "audits": {audit.name: _described(audit) for audit in audits},
    }
    return ArchitectureComparison(provenance, pairs, list(dict.fromkeys(findings)))


def _pair(one: NamedAudit, other: NamedAudit, seed: int) -> Pair:
    theirs = {(measured.metric, measured.transform): measured for measured in other.report.measurements}
    judged: list[Row] = []
    controls: list[Row] = []
    reasons: dict[tuple[str, str], list[str | None]] = {}
    for mine in one.report.measurements:
        counterpart = theirs.get((mine.metric, mine.transform))
        if mine.transform == IDENTITY or counterpart is None:
            continue
        reason = why_left_out(mine, counterpart, one, other)
        if reason is not None:
            reasons.setdefault((mine.metric, reason), []).append(mine.transform)
            continue
        row = _row(mine, _difference(mine, counterpart, one, other, seed))
        (judged if is_judged(mine.transform) else controls).append(row)
    return Pair(
        one=one.name,
        other=other.name,
        images=len(np.intersect1d(one.particles.index, other.particles.index)),
        rows=[*decide(judged), *controls],
        left_out=[LeftOut(metric, tuple(specs), reason) for (metric, reason), specs in reasons.items()],
    )


def _difference(mine: Measurement, theirs: Measurement, one: NamedAudit, other: NamedAudit, seed: int) -> Difference:
    assert isinstance(mine.value, Summary) and isinstance(theirs.value, Summary)
    paired = paired_difference(
        mine.metric,
        mine.transform,
        one.particles,
        other.particles,
        measured_on=(mine.value.n, theirs.value.n),
        seed=seed,
    )
    if paired is not None:
        return paired
    return unpaired_difference(mine.metric, mine.transform, mine.value, theirs.value)


def _row(measured: Measurement, found: Difference) -> Row:
    return Row(
        metric=measured.metric,
        transform=measured.transform,
        unit=measured.unit,
        one=found.one,
        other=found.other,
        change=found.change,
        low=found.low,
        high=found.high,
        n=found.n,
        paired=found.paired,
        better=better(measured.metric, measured.transform),
        scale=_scale(measured, found.one),
    )


def _scale(measured: Measurement, value: float) -> float | None:
    """Return what a change is seen in proportion to.

    From floor to ceiling, where the first audit has both; else 1 for what has no unit, and its value for the rest.
    """
    if measured.floor is not None and measured.ceiling is not None and measured.floor != measured.ceiling:
        return abs(measured.ceiling - measured.floor)
    return 1.0 if measured.unit == "1" else abs(value) or None


def _described(audit: NamedAudit) -> dict[str, object]:
    return {
        "path": audit.path,
        "checkpoint": audit.told("checkpoint", "path"),
        "sha256": audit.told("checkpoint", "sha256"),
        "images": len(audit.particles),
        "time": audit.told("time"),
    }
