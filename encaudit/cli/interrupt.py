"""A signal ends the run wherever it strikes, also where somebody else's code swallows the exception that it raises."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP

_received: list[int] = []
_finished_parts_in: list[Path] = []


def end_on_signals() -> None:
    """Turn interrupt, termination and hang-up into an exit, which cleans up behind itself as a kill does not."""
    _handle(_exit)


def received() -> int | None:
    """Return the exit code of the signal that was received, None while there was none."""
    return 128 + _received[0] if _received else None


def keeps_finished_parts_in(folder: Path) -> None:
    """Say where a run keeps what it could go on from."""
    _finished_parts_in.append(folder)


def what_is_left() -> str:
    """Return what an interrupted run leaves, in words."""
    if not _finished_parts_in:
        return "nothing was written"
    from encaudit.probe import kept_in

    kept = kept_in(_finished_parts_in[-1])
    if not kept:
        return "nothing was written"
    return f"the same command with --resume goes on from the {kept} chunks that are finished"


def end_if_received() -> None:
    """Exit now, if the exit that a signal asked for was swallowed."""
    if _received:
        sys.exit(128 + _received[0])


@contextmanager
def asking_to_stop() -> Iterator[Callable[[], int | None]]:
    """Within, a first signal only asks: work that can be left at a good place asks whether it should; a second ends it.

    The yielded function returns the exit code of the signal that asked, None while none did.
    """
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            _exit(number, frame)
        asked.append(number)

    before = {name: signal.getsignal(getattr(signal, name)) for name in _NAMES if hasattr(signal, name)}
    _handle(ask)
    try:
        yield lambda: 128 + asked[0] if asked else None
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    for name in _NAMES:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handler)


def _exit(number: int, _: FrameType | None) -> None:
    _received.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt  # what everybody else's code expects of it
    sys.exit(128 + number)
