"""What else than their systems tells two runs apart: units, the weight of the KL, poses and CTF."""

from pathlib import Path

from encaudit.comparing.data import SETTINGS, File
from encaudit.comparing.runs import TrainedRun
from encaudit.comparing.units import in_unit_of
from encaudit.results import Finding

TITLES = {"poses": "poses", "ctf": "CTF"}


def remarks_on_units(runs: list[TrainedRun], unit: TrainedRun | None) -> list[Finding]:
    """Return the findings of runs (as they were read) whose losses are in another unit than those of ``unit``."""
    if unit is None or unit.record is None:
        return []
    found = []
    for run, converted in zip(runs, in_unit_of(unit, runs), strict=True):
        if run is unit or not run.losses or run.record is None or run.record.data != unit.record.data:
            continue
        if run.record.data == "particles" and (run.data.norm is None) != (unit.data.norm is None):
            text = (
                f"The norm of {run.name} or of {unit.name} is not known: that their losses have one unit is believed."
            )
            found.append(Finding("unknown-norm", "warning", text))
        if run.data.norm and unit.data.norm and run.data.norm != unit.data.norm:
            text = (
                f"{run.name} measured images by another norm ({_norm(run)}) than {unit.name} ({_norm(unit)}): its "
                f"reconstruction errors were multiplied by {converted.loss_scale:.4g}, into the unit of {unit.name}."
            )
            found.append(Finding("other-norm", "note", text))
        if run.record.beta != unit.record.beta:
            text = (
                f"{run.name} was trained with beta {run.record.beta:g}, {unit.name} with {unit.record.beta:g}: E net "
                f"weighs the KL of every run by {unit.record.beta:g}, and some of what differs is due to the training."
            )
            found.append(Finding("other-beta", "warning", text))
    return found


def remarks_on_settings(runs: list[TrainedRun], reference: TrainedRun) -> list[Finding]:
    """Return the findings of runs that surely had other poses or CTFs than the reference."""
    theirs = reference.data.settings or {}
    found = []
    for run in runs:
        mine = run.data.settings or {}
        for name in SETTINGS:
            if name in mine and name in theirs and _surely_others(mine[name], theirs[name]):
                text = (
                    f"{run.name} had {_told(mine[name], TITLES[name])} and {reference.name} "
                    f"{_told(theirs[name], TITLES[name])}: some of what differs is due to these."
                )
                found.append(Finding(f"other-{name}", "warning", text))
    return found


def _surely_others(one: File | None, other: File | None) -> bool:
    if one is None or other is None:
        return one is not other
    return None not in (one.sha256, other.sha256) and one.sha256 != other.sha256


def _told(file: File | None, title: str) -> str:
    return f"no {title}" if file is None else f"the {title} of {Path(file.path).name}"


def _norm(run: TrainedRun) -> str:
    assert run.data.norm is not None
    mean, std = run.data.norm
    return f"{mean:.4g} +/- {std:.4g}"
