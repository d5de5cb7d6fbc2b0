"""What is told of the images beside the runs: what intervals are grouped by, and labels."""

from pathlib import Path

import numpy as np

from encaudit.comparing.runs import TrainedRun
from encaudit.datasets.digit_images import labels_beside
from encaudit.errors import EncauditError, InputError
from encaudit.images import open_stack
from encaudit.images.idx import read_labels
from encaudit.images.metadata import read_metadata
from encaudit.images.selection import Rows


def groups_of(metadata: str | None, runs: list[TrainedRun], index: np.ndarray) -> np.ndarray | None:
    """Return the micrograph of each image (stack rows ``index``), ``n``; an image of an unknown one is alone.

    As --metadata says, else as the runs' own stack does where that is at hand; None where no micrograph is known.
    """
    names = _of_the_stack(runs, index) if metadata is None else _of_metadata(metadata, runs, index)
    if names is None or (names == "").all():
        return None
    return np.asarray(np.where(names == "", np.array([f"\0{row}" for row in range(len(names))]), names))


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
    rows = None if images is None else _rows_of(images)
    if index.max() >= len(labels) or rows not in (None, len(labels)):
        of = f"{images} has {rows:,} images" if rows is not None else f"the runs have images up to row {index.max()}"
        raise InputError(f"{path} has {len(labels):,} labels, and {of}; expected a label for each image of the stack.")
    chosen: np.ndarray = labels[index]
    return chosen


def _of_metadata(path: str, runs: list[TrainedRun], index: np.ndarray) -> np.ndarray | None:
    everything = np.unique(np.concatenate([run.latents.index for run in runs]))
    images = _recorded_images(runs)
    known = None if images is None else _rows_of(images)
    used = int(everything.max()) + 1
    rows = Rows(used, everything, index, at_least=True) if known is None else Rows(max(known, used), everything, index)
    metadata = read_metadata(path, rows)
    names = metadata.micrograph
    if names is None:
        raise InputError(f"{path} names no micrographs, which --metadata is for here. Leave it out, or add a column.")
    return names


def _of_the_stack(runs: list[TrainedRun], index: np.ndarray) -> np.ndarray | None:
    images = _recorded_images(runs)
    if images is None:
        return None
    try:
        micrographs = open_stack(images).micrographs
    except EncauditError:
        return None  # the stack is another's by now, and only what it told of micrographs was wanted
    return None if micrographs is None or index.max() >= len(micrographs) else micrographs[index]


def _rows_of(images: Path) -> int | None:
    try:
        return len(open_stack(images))
    except EncauditError:
        return None  # it cannot be read any more, and only its length was wanted


def _recorded_images(runs: list[TrainedRun]) -> Path | None:
    """Return the images that a run was trained on, if they are where they were."""
    for run in runs:
        images = None if run.record is None else run.record.files.get("images")
        if images and Path(str(images.get("path"))).is_file():
            return Path(str(images["path"]))
    return None
