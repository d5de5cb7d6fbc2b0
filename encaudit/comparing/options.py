"""What `encaudit compare` can be told."""

from dataclasses import dataclass
from typing import Protocol


class Watcher(Protocol):
    """Whoever wants to know how far the comparison is."""

    def stage(self, what: str, *, unit: str = "") -> None:
        """Begin a stage."""

    def advance_to(self, done: int, total: int) -> None:
        """Say how far the stage is."""

    def note(self, what: str) -> None:
        """Say what the stage is busy with."""


@dataclass(frozen=True)
class CompareOptions:
    """Everything that `encaudit compare` can be told; see its help."""

    runs: tuple[str, ...]
    null: str | None = None
    base: str | None = None
    metadata: str | None = None
    labels: str | None = None
    volumes: int = 20
    volume_box: int | None = None
    device: str = "cpu"
    seed: int = 0
