"""Where does the time of an audit go, and what can be done when a stage does not fit into memory?"""

import time

from encaudit.audits.options import Watcher


class Stages:
    """A watcher that hands on what it is told, and takes the time of each stage.

    ``current`` is the stage that is under way, empty before the first; ``batch_size`` how many images are encoded at
    once, None before that is settled.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._taken: dict[str, float] = {}
        self._since = time.monotonic()
        self.current = ""
        self.batch_size: int | None = None

    @property
    def seconds(self) -> dict[str, float]:
        """How long each stage took, in their order; what has the same name is added up."""
        self._stop()
        return {name: round(taken, 2) for name, taken in self._taken.items()}

    def stage(self, what: str, *, unit: str = "") -> None:
        """Begin a stage; the one before is done."""
        self._stop()
        self.current = what
        self._watcher.stage(what, unit=unit)

    def advance_to(self, done: int, total: int) -> None:
        """Hand on how far the stage is."""
        self._watcher.advance_to(done, total)

    def note(self, what: str) -> None:
        """Hand on what the stage is busy with."""
        self._watcher.note(what)

    def say(self, what: str | None) -> None:
        """Hand on what has to stay to be read."""
        self._watcher.say(what)

    def _stop(self) -> None:
        now = time.monotonic()
        if self.current:
            name = self.current if self.current.isupper() else self.current[0].lower() + self.current[1:]
            self._taken[name] = self._taken.get(name, 0.0) + now - self._since
        self._since = now


def advice(stage: str, batch_size: int | None) -> str:
    """Return what to type where memory ran out in this stage; ``batch_size`` is None before it is settled."""
    if stage.startswith("Encoding") and batch_size is not None:
        if batch_size == 1:
            return "One image at a time is too much for it: give it more memory, or smaller images."
        return f"Type --batch-size {max(1, batch_size // 4)} (it was {batch_size})."
    fewer = next((option for name, option in _FEWER.items() if stage.startswith(name)), "--n N for fewer images")
    return f"Type {fewer}."


_FEWER = {
    "Preparing": "--no-controls",
    "Likelihood": "--sample-n N for fewer images",
    "Calibration": "--sample-n N for fewer images, or --calibration none",
    "UMAP": "--umap-n N for fewer images, or --no-umap",
    "Decoding": "--volume-box D for smaller volumes, or --volumes 0 for none",
}
