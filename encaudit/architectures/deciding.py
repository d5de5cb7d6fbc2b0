"""Is a difference more than chance, and how many images would tell?

Some dozens of metrics and transforms are judged at once, and one in twenty intervals of 95 % misses. So a verdict asks
for more than an interval without zero: those of one pair are decided by Holm's step-down (1979), with which the chance
that any of them is wrong is at most 5 %, however they hang together. The error that it needs is read off the interval
as if that were a normal distribution's.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

from encaudit.architectures.found import Row, Verdict

ANY_WRONG = 0.05  # the chance that one or more of the verdicts on a pair is wrong
LEAST = 0.01  # of the distance from floor to ceiling: the least difference that is worth deciding
MOST_IMAGES = 10_000_000  # nobody has more
_NORMAL = NormalDist()
_OF_INTERVAL = _NORMAL.inv_cdf(0.975)


def decide(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with a verdict each, in their order."""
    errors = {place: errors for place, row in enumerate(rows) if (errors := _errors_from_zero(row)) is not None}
    decided: set[int] = set()
    needed = _needed(len(errors))
    for place in sorted(errors, key=lambda one: -errors[one]):
        needed = _needed(len(errors) - len(decided))
        if errors[place] < needed:
            break
        decided.add(place)
    return [
        _decided(row) if place in decided else _undecided(row, errors.get(place), needed)
        for place, row in enumerate(rows)
    ]


def _errors_from_zero(row: Row) -> float | None:
    """Return how many standard errors lie between the change and zero, by the bound that is on the way."""
    if row.low is None or row.high is None:
        return None
    if row.change == 0:
        return 0.0
    reach = row.change - row.low if row.change > 0 else row.high - row.change
    return _OF_INTERVAL * abs(row.change) / reach if reach > 0 else math.inf


def _needed(undecided: int) -> float:
    return _NORMAL.inv_cdf(1 - ANY_WRONG / 2 / max(undecided, 1))


def _is_slight(row: Row) -> bool:
    return abs(row.change) < LEAST * row.scale if row.scale is not None else row.change == 0


def _decided(row: Row) -> Row:
    verdict: Verdict
    if row.better is None:
        verdict = "larger" if row.change > 0 else "smaller"
    else:
        verdict = "better" if (row.change > 0) == (row.better == "higher") else "worse"
    return replace(row, verdict=verdict, slight=_is_slight(row))


def _undecided(row: Row, errors: float | None, needed: float) -> Row:
    row = replace(row, verdict="undecided", slight=_is_slight(row))
    if errors is None:
        return replace(row, because="no interval: an audit states none for it, or of too few images")
    if row.slight or errors == 0:
        share = "" if row.scale is None else f", below {LEAST * row.scale:.2g}"
        return replace(row, because=f"no difference to speak of{share}")
    images = row.n * (needed / errors) ** 2  # an interval shrinks with the square root of the images
    if images > MOST_IMAGES:
        return replace(row, because=f"more than {MOST_IMAGES // 1_000_000} million images: no difference to speak of")
    more = _rounded_up(max(images - row.n, 1))
    return replace(row, more_images=more, because=f"about {more:,} more images would decide it")


def _rounded_up(number: float) -> int:
    """Round up to two digits that count."""
    step: int = 10 ** max(int(math.log10(number)) - 1, 0)
    return math.ceil(number / step) * step
