"""A run that goes on: with the settings it was started with, but for how long and how often."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from encaudit.errors import InputError
from encaudit.train.resolving import absolute
from encaudit.train.run_folder import read_record
from encaudit.train.run_record import RunRecord
from encaudit.train.settings import Settings, checked

MAY_CHANGE = ("epochs", "checkpoint_every")


class _Lasting(Protocol):
    @property
    def epochs(self) -> int: ...


AnySettings = TypeVar("AnySettings", bound=_Lasting)


def resumed(folder: Path, kind: str, given: Mapping[str, Any]) -> tuple[Settings, RunRecord]:
    """Return the settings of the run on particles in a folder; see ``going_on``."""
    return going_on(folder, kind, absolute(given), "particles", checked)


def going_on(
    folder: Path, kind: str, given: Mapping[str, Any], data: str, check: Callable[[dict[str, Any]], AnySettings]
) -> tuple[AnySettings, RunRecord]:
    """Return the settings of the run in a folder, with those of ``given`` that may change, and its record.

    ``check`` makes settings of values. Raises InputError where what was typed contradicts the run, and where it has
    been trained for that long already.
    """
    record = read_record(folder)
    if record.kind != kind:
        raise InputError(f"{folder} is a run of `encaudit train {record.kind}`, not {kind}. Type that.")
    if record.data != data:
        raise InputError(f"{folder} is a run on {record.data}, not {data}. Type the options that it was started with.")
    before = check(record.options)
    for name, value in given.items():
        was = getattr(before, name)
        if name not in MAY_CHANGE and value != was:
            raise InputError(
                f"{folder} was started with {name} {was}, and --resume goes on with it; found {value}. Leave it out, "
                "or start another run."
            )
    settings = check(record.options | {name: given[name] for name in MAY_CHANGE if name in given})
    done = record.epochs[-1].epoch if record.epochs else 0
    if settings.epochs < done or (record.finished and settings.epochs == done):
        raise InputError(
            f"{folder} has been trained for {done} epochs, and {settings.epochs} were asked for. Ask for more, by "
            "--epochs N."
        )
    return settings, record
