"""Which row of how many, and how long will the rest take?"""

import time
from collections.abc import Callable, Sequence

from encaudit.errors import StoppedError
from encaudit.study.claims import BY_KEY
from encaudit.study.options import Watcher
from encaudit.study.tasks import Probed, ProbedDigits, Timed, Trained, TrainedDigits

# Work of a row in units of a training run of base size: rough, for the time left.
LARGE, PROBE, DIGITS, TIMED = 2.0, 1.5, 1.0, 1.0


class RowWatcher:
    """Puts the row, and how long the study will still take, before what a stage says; ends a row when asked to."""

    def __init__(self, inner: Watcher, keys: Sequence[str], done: Sequence[str], stop: Callable[[], object]) -> None:
        self._inner, self._keys, self._stop = inner, list(keys), stop
        self._open = [key for key in keys if key not in done]
        self._before, self._spent, self._work = "", 0.0, 0.0
        self._training = False
        self._started = time.monotonic()

    def begin(self, key: str) -> None:
        """Begin a row."""
        left = ""
        if self._work > 0:
            seconds = self._spent / self._work * sum(map(_work, self._open))
            left = f", about {max(1, round(seconds / 60))} min left"
        self._before = f"Row {self._keys.index(key) + 1} of {len(self._keys)}, {BY_KEY[key].name}{left}: "
        self._started = time.monotonic()

    def done(self, key: str) -> None:
        """Count a row as done."""
        self._open.remove(key)
        self._spent += time.monotonic() - self._started
        self._work += _work(key)

    def stopping(self) -> object:
        """Return what asked the study to stop, None while nothing did; a training run that asks ends by itself."""
        return self._stop()

    def stage(self, what: str, *, unit: str = "") -> None:
        """Begin a stage."""
        self._training = what == "Training"
        self._end_if_asked()
        self._inner.stage(self._before + what, unit=unit)

    def advance_to(self, done: int, total: int) -> None:
        """Say how far the stage is."""
        self._end_if_asked()
        self._inner.advance_to(done, total)

    def note(self, what: str) -> None:
        """Say what the stage is busy with."""
        self._end_if_asked()
        self._inner.note(self._before + what)

    def say(self, what: str | None) -> None:
        """Say something that stays to be read; nothing for None."""
        self._inner.say(what)

    def _end_if_asked(self) -> None:
        if not self._training and (by := self._stop()):
            raise StoppedError("stopped between two stages of a row.", by)


def _work(key: str) -> float:
    match BY_KEY[key].task:
        case Trained(size=size):
            return LARGE if size == "large" else 1.0
        case Probed():
            return PROBE
        case TrainedDigits() | ProbedDigits():
            return DIGITS
        case Timed():
            return TIMED
