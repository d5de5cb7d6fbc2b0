"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, as Y. LeCun, C. Cortes and C. Burges published them."""

from pathlib import Path

from encaudit.datasets.fetched import Fetched, OnProgress, cache_folder
from encaudit.datasets.published import PublishedFile, copy_published, download
from encaudit.errors import InputError

_MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
# MD5 of what the file holds, and of the file itself as it was published. Copies that were packed again differ in the
# second alone.
_SUMS = {
    "train-images-idx3-ubyte.gz": ("6bbc9ace898e44ae57da46a324031adb", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    "train-labels-idx1-ubyte.gz": ("a25bea736e30d166cdddb491f175f624", "d53e105ee54ea40749a09fcbcd1e9432"),
    "t10k-images-idx3-ubyte.gz": ("2646ac647ad5339dbf082846283269ea", "9fb629c4189551a2d022fa330f9573f3"),
    "t10k-labels-idx1-ubyte.gz": ("27ae3e4e09519cfbb04c329615203637", "ec29112dd5afa0611ce80d1b7f02629c"),
}
FILES = tuple(
    PublishedFile(name, tuple(mirror + name for mirror in _MIRRORS), f"md5:{content}", f"md5:{packed}")
    for name, (content, packed) in _SUMS.items()
)
TRAIN_IMAGES, TRAIN_LABELS = FILES[0].name, FILES[1].name


def fetch(source: Path | None, folder: Path | None, on_progress: OnProgress) -> Fetched:
    """Download the four files, or copy them; 11.6 MB."""
    folder = folder or cache_folder("mnist")
    if source is not None:
        copy_published(FILES, source, folder)
    else:
        for file in FILES:
            download(
                file,
                folder,
                on_progress,
                "Try again with a network, or copy the four files of MNIST from elsewhere: "
                "encaudit fetch mnist --from FOLDER.",
            )
    return Fetched(
        tuple(folder / file.name for file in FILES),
        ("MNIST, as published: 60,000 digits to train on and 10,000 more.", "Next: encaudit train vae --dataset mnist"),
    )


def fetched_file(name: str) -> Path:
    """Return where a file of MNIST is kept; raises InputError where it was not fetched yet."""
    path = cache_folder("mnist") / name
    if not path.is_file():
        raise InputError(f"There is no MNIST at {path}. Type: encaudit fetch mnist (--from FOLDER without a network).")
    return path
