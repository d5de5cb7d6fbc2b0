"""Are runs on the same images? What surely are others is refused, what nobody can know is told."""

import os
from itertools import combinations
from pathlib import Path

from encaudit.comparing.data import hashed
from encaudit.comparing.runs import TrainedRun
from encaudit.errors import InputError
from encaudit.results import Finding


def refuse_other_images(runs: list[TrainedRun]) -> list[Finding]:
    """Raise InputError for two runs on other images; return a finding where it is not known whose some run's are."""
    for one, other in combinations(runs, 2):
        if why := _why_cheaply_other(one, other):
            raise InputError(
                f"{one.path} and {other.path} were trained on other images ({why}): nothing can be compared image by "
                "image. Name runs on one data set."
            )
    believed = []
    known = next((run for run in runs if run.data.images is not None), runs[0])
    for run in runs:
        if run is known:
            continue
        same = _same_file(known, run)
        if same is False:
            raise InputError(
                f"{known.path} and {run.path} were trained on other images (the SHA-256 of {_path(known)} and of "
                f"{_path(run)} differ): nothing can be compared image by image. Name runs on one data set."
            )
        if same is None:
            believed.append(run.name)
    if not believed:
        return []
    text = (
        f"It is not known whether {', '.join(believed)} had the images of {known.name}: nothing on record says so, "
        "and their files are not on this machine. That row n is the same image in all is believed."
    )
    return [Finding("unknown-images", "warning", text)]


def _why_cheaply_other(one: TrainedRun, other: TrainedRun) -> str | None:
    """Return why the images of two runs are others, by what is on record; None where that does not say so."""
    mine, theirs = one.data, other.data
    if mine.images and theirs.images and mine.images.sha256 and theirs.images.sha256:
        same = mine.images.sha256 == theirs.images.sha256
        return None if same else "their SHA-256 differ in run.json or report.json"
    if mine.box and theirs.box and mine.box != theirs.box:
        return f"of {mine.box} and of {theirs.box} pixels a side"
    if mine.stack and theirs.stack and mine.stack != theirs.stack:
        return f"stacks of {mine.stack:,} and of {theirs.stack:,}"
    for short, long in ((one, other), (other, one)):
        last = int(long.latents.index.max())
        if short.data.stack and long.rows_known and last >= short.data.stack:
            return f"a stack of {short.data.stack:,}, and one with a row {last:,}"
    return None


def _same_file(one: TrainedRun, other: TrainedRun) -> bool | None:
    """Whether two runs had the same file of images; None where nobody knows."""
    mine, theirs = one.data.images, other.data.images
    if mine is None or theirs is None:
        return None
    if mine.sha256 and mine.sha256 == theirs.sha256:
        return True
    if os.path.realpath(mine.path) == os.path.realpath(theirs.path) and None in (mine.sha256, theirs.sha256):
        return True
    if Path(mine.path).suffix != Path(theirs.path).suffix:
        return None  # a list of the same images is another file
    hashes = hashed(mine), hashed(theirs)
    return None if None in hashes else hashes[0] == hashes[1]


def _path(run: TrainedRun) -> str:
    return "its images" if run.data.images is None else run.data.images.path
