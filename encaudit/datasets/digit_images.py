"""Where images of digits are: MNIST in the cache, scikit-learn's digits, or somebody's own files; and their labels."""

from pathlib import Path

import numpy as np

from encaudit.datasets import demo, mnist
from encaudit.datasets.fetched import cache_folder
from encaudit.errors import InputError
from encaudit.images.idx import read_labels

_PLACES = (mnist.TRAIN_IMAGES, demo.DIGIT_IMAGES)  # in a folder, packed or not
_OF_IMAGES, _OF_LABELS = "images-idx3", "labels-idx1"


def find_digits(dataset: str) -> Path:
    """Return the file of images that ``--dataset`` means: mnist, digits, a file, or a folder that holds MNIST's files.

    scikit-learn's digits are written into the cache the first time. Raises InputError where there is nothing.
    """
    if dataset == "mnist":
        return mnist.fetched_file(mnist.TRAIN_IMAGES)
    if dataset == "digits":
        return _digits()
    path = Path(dataset)
    if path.is_dir():
        names = [name for packed in _PLACES for name in (packed, packed.removesuffix(".gz"))]
        found = next((path / name for name in names if (path / name).is_file()), None)
        if found is None:
            raise InputError(f"{path} holds no {_PLACES[0]} (packed or not). Name the file of images itself.")
        return found
    if not path.is_file():
        raise InputError(
            f"There is no {dataset}: expected mnist, digits, a file of images, or a folder of MNIST's files."
        )
    return path


def labels_beside(images: Path) -> np.ndarray | None:
    """Return the labels that belong to a file of images, by MNIST's names; None where there are none."""
    name = images.name.replace(_OF_IMAGES, _OF_LABELS)
    names = (name, name.removesuffix(".gz"), f"{name}.gz")
    found = next((images.with_name(one) for one in names if images.with_name(one).is_file()), None)
    return None if found is None or found == images else read_labels(found)


def _digits() -> Path:
    folder = cache_folder("demo") / demo.DIGITS
    if not (folder / demo.DIGIT_IMAGES).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        demo.write_digits(folder)
    return folder / demo.DIGIT_IMAGES
