"""Which of these folders are audits, and what is in them?"""

from collections.abc import Sequence
from pathlib import Path

from encaudit.architectures import NamedAudit
from encaudit.errors import InputError
from encaudit.paired import PARTICLES, read_particles
from encaudit.report.document import REPORT, read_report

RUN = "run.json"  # of a training; what has one is compared as a run


def are_audits(paths: Sequence[str]) -> bool:
    """Whether every one of these is a folder of encaudit probe, and none that of a training."""
    folders = [Path(path) for path in paths]
    return all((folder / REPORT).is_file() and not (folder / RUN).is_file() for folder in folders)


def read_audits(paths: Sequence[str]) -> list[NamedAudit]:
    """Read two or more audits; each gets the shortest name that is its own."""
    folders = [Path(path) for path in paths]
    if len(folders) < 2:
        raise InputError("One audit cannot be compared: name two or more, encaudit compare A B.")
    resolved = [folder.resolve() for folder in folders]
    if len(set(resolved)) < len(resolved):
        twice = next(folder for place, folder in enumerate(folders) if resolved[place] in resolved[:place])
        raise InputError(f"{twice} is named twice. Name each audit once.")
    depth = 1
    while len({folder.parts[-depth:] for folder in resolved}) < len(resolved):
        depth += 1
    return [
        NamedAudit(
            "/".join(full.parts[-depth:]), str(folder), read_report(folder / REPORT), read_particles(folder / PARTICLES)
        )
        for folder, full in zip(folders, resolved, strict=True)
    ]
