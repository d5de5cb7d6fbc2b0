"""How far is it, how fast, and how long will it take? On stderr, and only on a terminal."""

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from encaudit.cli.interrupt import end_if_received


class _CountColumn(MofNCompleteColumn):
    """Done and in all, for stages that can count."""

    def render(self, task: Task) -> Text:
        return Text("") if task.total is None else super().render(task)


class _RateColumn(TextColumn):
    """Items per second, with the unit of the stage."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        if not task.speed or not task.fields.get("unit"):
            return Text("")
        return Text(f"{task.speed:,.0f} {task.fields['unit']}/s")


class Progress:
    """One line a stage on a terminal, and what has to be said anywhere; nothing where it is not ``shown``."""

    def __init__(self, *, shown: bool = True) -> None:
        console = Console(stderr=True, quiet=not shown)
        self._bars = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            _CountColumn(),
            _RateColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bars.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop drawing, whatever happened."""
        self._bars.stop()

    def stage(self, what: str, *, unit: str = "") -> None:
        """Begin a new stage; the one before is done."""
        end_if_received()
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(what, total=None, unit=unit)

    def advance_to(self, done: int, total: int) -> None:
        """Say how far the stage is."""
        end_if_received()
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total)

    def note(self, what: str) -> None:
        """Say what the stage is busy with."""
        end_if_received()
        if self._task is not None:
            self._bars.update(self._task, description=what)

    def say(self, what: str | None) -> None:
        """Say something that stays to be read, also where there is no terminal; nothing for None."""
        if what is not None:
            self._bars.console.print(f"note: {what}", markup=False, highlight=False, soft_wrap=True)
