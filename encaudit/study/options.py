"""What `encaudit study` can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from encaudit.errors import InputError, UnknownNameError
from encaudit.study.claims import KEY_OF, ROWS, needed_by
from encaudit.study.scales import SCALES


class Watcher(Protocol):
    """Whoever wants to know how far the study is."""

    def stage(self, what: str, *, unit: str = "") -> None:
        """Begin a stage."""

    def advance_to(self, done: int, total: int) -> None:
        """Say how far the stage is."""

    def note(self, what: str) -> None:
        """Say what the stage is busy with."""

    def say(self, what: str | None) -> None:
        """Say something that stays to be read; nothing for None."""


@dataclass(frozen=True)
class StudyOptions:
    """Everything that `encaudit study paper` can be told; see its help.

    ``scale``, ``seed`` and the data are None where nobody says: those of the study that goes on, else the defaults.
    """

    output: Path
    scale: str | None = None
    resume: bool = False
    only: tuple[str, ...] = ()
    images: str | None = None
    poses: str | None = None
    ctf: str | None = None
    datadir: str | None = None
    metadata: str | None = None
    data: Path | None = None
    mnist: str | None = None
    seed: int | None = None
    device: str = "auto"


def check(options: StudyOptions) -> None:
    """Refuse, before anything is made, what contradicts itself; InputError."""
    if options.scale is not None and options.scale not in SCALES:
        raise UnknownNameError("scale", options.scale, SCALES)
    for key in options.only:
        if key not in KEY_OF:
            raise UnknownNameError("row for --only", key, KEY_OF)
    own = [name for name in ("images", "poses", "ctf", "datadir", "metadata") if getattr(options, name) is not None]
    if own and (options.images is None or options.poses is None or options.ctf is None):
        raise InputError(
            f"--{own[0]} belongs to particles of your own: give --images, --poses and --ctf together (--ctf none for "
            "images without CTF)."
        )
    if options.scale == "full" and own:
        raise InputError(f"--scale full is EMPIAR-10076; name its folder with --data DIR, and leave out --{own[0]}.")
    if options.scale != "full" and options.data is not None and not options.resume:
        raise InputError("--data is for --scale full. Name particles of your own with --images, --poses and --ctf.")
    if options.seed is not None and not 0 <= options.seed < 2**62:
        raise InputError(f"--seed {options.seed}: expected a number from 0 to 2^62 - 1.")


def names_data(options: StudyOptions) -> bool:
    """Whether anybody says which images are to be taken."""
    return any(one is not None for one in (options.images, options.data, options.mnist))


def chosen_rows(only: tuple[str, ...]) -> list[str]:
    """Return the rows to carry out, in the table's order: all, or those asked for and what they are measured by."""
    wanted = [KEY_OF[name] for name in only]
    for key in wanted:
        wanted += [one for one in needed_by(key) if one not in wanted]
    return [row.key for row in ROWS if not only or row.key in wanted]
