"""Which failures are excused, by whom it was agreed, and until when?"""

import difflib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fnmatch import fnmatchcase

from encaudit.gate.outcome import Check
from encaudit.results import Finding

GRACE = timedelta(days=1)  # clocks and time zones differ; nobody is failed for that
LONG = timedelta(days=366)


@dataclass(frozen=True)
class Waiver:
    """An excuse for the checks whose id matches ``id`` (``*`` and ``?`` stand for anything), through ``expires``."""

    id: str
    reason: str
    expires: date

    def covers(self, check: Check) -> bool:
        """Whether it speaks of this check; [ and ] stand for themselves."""
        return fnmatchcase(check.id, self.id.replace("[", "[[]"))

    def has_expired(self, today: date) -> bool:
        """Whether it is over, a day of grace included; ``today`` in UTC."""
        return today - GRACE > self.expires


def waive(checks: list[Check], waivers: list[Waiver], today: date) -> tuple[list[Check], list[Finding]]:
    """Return the checks with what is excused marked so, and what is to be said of the waivers themselves.

    An expired waiver excuses nothing, and says so in the failure that it would have excused.
    """
    judged = [_waived(check, waivers, today) if check.outcome == "failed" else check for check in checks]
    return judged, [finding for waiver in waivers for finding in _remarks(waiver, checks, today)]


def _waived(check: Check, waivers: list[Waiver], today: date) -> Check:
    covering = [waiver for waiver in waivers if waiver.covers(check)]
    alive = next((waiver for waiver in covering if not waiver.has_expired(today)), None)
    if alive is not None:
        excuse = f"Waived until {alive.expires} ({alive.reason})."
        return replace(check, outcome="waived", waiver=alive.id, text=f"{check.text} {excuse}")
    if covering:
        return replace(check, text=f"{check.text} Its waiver expired on {covering[0].expires}.")
    return check


def _remarks(waiver: Waiver, checks: list[Check], today: date) -> list[Finding]:
    failing = [check for check in checks if check.outcome == "failed" and waiver.covers(check)]
    if not failing:
        known = [check.id for check in checks]
        near = [] if any(map(waiver.covers, checks)) else difflib.get_close_matches(waiver.id, known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else " Remove it."
        return [_warning("waiver-stale", f"The waiver of {waiver.id!r} has nothing to waive.{hint}")]
    if waiver.has_expired(today):
        blocking = any(check.level == "error" for check in failing)
        return [
            Finding(
                "waiver-expired",
                "error" if blocking else "warning",
                f"The waiver of {waiver.id!r} ({waiver.reason}) expired on {waiver.expires}; today is {today} (UTC). "
                "Mend what it waives, accept the new values with encaudit baseline --update, or agree on a new date.",
            )
        ]
    if waiver.expires > today + LONG:
        return [
            _warning(
                "waiver-long",
                f"The waiver of {waiver.id!r} holds until {waiver.expires}, more than a year from now: is the date "
                "right?",
            )
        ]
    return []


def _warning(code: str, text: str) -> Finding:
    return Finding(code, "warning", text)
