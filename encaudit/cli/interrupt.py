"""A signal ends the run wherever it strikes, also where somebody else's code swallows the exception that it raises."""

import signal
import sys
from pathlib import Path
from types import FrameType

_received: list[int] = []
_finished_parts_in: list[Path] = []


def end_on_signals() -> None:
    """Turn interrupt, termination and hang-up into an exit, which cleans up behind itself as a kill does not."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _exit)


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


def _exit(number: int, _: FrameType | None) -> None:
    _received.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt  # what everybody else's code expects of it
    sys.exit(128 + number)
