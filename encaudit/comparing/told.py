"""What is told of the images beside the runs: what intervals are grouped by, and labels."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from encaudit.comparing.runs import TrainedRun
from encaudit.datasets.digit_images import labels_beside
from encaudit.errors import EncauditError, InputError
from encaudit.images import ImageStack, open_stack
from encaudit.images.idx import read_labels
from encaudit.images.metadata import read_metadata
from encaudit.images.selection import Rows


class Groups(NamedTuple):
    """The micrograph of each image, ``n``, None where none is known; and how rows of a table were told, if by order."""

    names: np.ndarray | None
    by_position: str | None = None


def groups_of(metadata: str | None, runs: list[TrainedRun], index: np.ndarray) -> Groups:
    """Return the micrograph of each image (stack rows ``index``); an image of an unknown one is alone.

    As --metadata says, else as the runs' own stack does where that is at hand.
    """
    found = Groups(_of_the_stack(runs, index)) if metadata is None else _of_metadata(metadata, runs, index)
    names = found.names
    if names is None or (names == "").all():
        return found._replace(names=None)
    return found._replace(names=np.where(names == "", np.array([f"\0{row}" for row in range(len(names))]), names))


def labels_of(asked: str | None, runs: list[TrainedRun], index: np.ndarray) -> np.ndarray | None:
    """Return the label of each image, ``n``: those of --labels, else those beside digits that runs were trained on."""
    if asked is None:
        images = _recorded_images(runs)
        beside = None if images is None else labels_beside(images)
        return None if beside is None or index.max() >= len(beside) else beside[index]
    path = Path(asked)
    if not path.is_file():
        raise InputError(f"No file at {path}. Check the path given to --labels.")
    labels = read_labels(path)
    images = _recorded_images(runs)
    stack = None if images is None else _readable(images)
    rows = None if stack is None else len(stack)
    if index.max() >= len(labels) or rows not in (None, len(labels)):
        of = f"{images} has {rows:,} images" if rows is not None else f"the runs have images up to row {index.max()}"
        raise InputError(f"{path} has {len(labels):,} labels, and {of}; expected a label for each image of the stack.")
    chosen: np.ndarray = labels[index]
    return chosen


def _of_metadata(path: str, runs: list[TrainedRun], index: np.ndarray) -> Groups:
    everything = np.unique(np.concatenate([run.latents.index for run in runs]))
    images = _recorded_images(runs)
    stack = None if images is None else _readable(images)
    used = int(everything.max()) + 1
    if stack is None:
        rows = Rows(used, everything, index, at_least=True)
    else:
        rows = Rows(max(len(stack), used), everything, index, stack.rows.names)
    metadata = read_metadata(path, rows)
    if metadata.micrograph is None:
        raise InputError(f"{path} names no micrographs, which --metadata is for here. Leave it out, or add a column.")
    return Groups(metadata.micrograph, metadata.by_position)


def _of_the_stack(runs: list[TrainedRun], index: np.ndarray) -> np.ndarray | None:
    images = _recorded_images(runs)
    stack = None if images is None else _readable(images)
    micrographs = None if stack is None else stack.micrographs
    return None if micrographs is None or index.max() >= len(micrographs) else micrographs[index]


def _readable(images: Path) -> ImageStack | None:
    try:
        return open_stack(images)
    except EncauditError:
        return None  # it cannot be read any more, and only what it tells of its images was wanted


def _recorded_images(runs: list[TrainedRun]) -> Path | None:
    """Return the images that a run was trained on, if they are where they were."""
    for run in runs:
        images = None if run.record is None else run.record.files.get("images")
        if images and Path(str(images.get("path"))).is_file():
            return Path(str(images["path"]))
    return None
