"""The demo, made on the spot without a network: simulated particles whose truth is known, scikit-learn's digits."""

import shlex
import tempfile
from pathlib import Path

import numpy as np

from encaudit.datasets.fetched import Fetched, OnProgress, cache_folder
from encaudit.errors import InputError

PARTICLES, DIGITS = "particles", "digits"
PARTICLE_FILES = ("particles.mrcs", "poses.pkl", "ctf.pkl", "particles.star", "truth.npz")
DIGIT_IMAGES, DIGIT_LABELS = "images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"


def fetch(source: Path | None, folder: Path | None, on_progress: OnProgress) -> Fetched:
    """Write 1,000 simulated particles of 32 x 32 pixels, and 1,797 digits of 8 x 8 in MNIST's format; 4.5 MB."""
    if source is not None:
        raise InputError("The demo is made here, not copied: type encaudit fetch demo, without --from.")
    folder = folder or cache_folder("demo")
    steps = ((PARTICLES, write_particles), (DIGITS, write_digits))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for done, (name, write) in enumerate(steps):
            on_progress(name, done, len(steps))
            with tempfile.TemporaryDirectory(prefix=".encaudit-partial-", dir=folder) as scratch:
                made = Path(scratch) / name
                made.mkdir()
                write(made)
                (folder / name).mkdir(exist_ok=True)
                for file in made.iterdir():
                    file.replace(folder / name / file.name)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}. Name another folder with -o DIR.") from None
    images, poses, ctf = (shlex.quote(str(folder / PARTICLES / name)) for name in PARTICLE_FILES[:3])
    files = [folder / PARTICLES / name for name in PARTICLE_FILES]
    return Fetched(
        (*files, folder / DIGITS / DIGIT_IMAGES, folder / DIGITS / DIGIT_LABELS),
        (
            "Simulated, not measured: an arm that swings on a hinge, and a domain present in half of the particles. "
            "truth.npz tells which.",
            f"Next: encaudit train vae --images {images} --poses {poses} --ctf {ctf} -o vae",
            "or: encaudit train vae --dataset digits -o digits",
        ),
    )


def write_particles(folder: Path) -> None:
    """Write the particles of the fixtures: the same recipe and seed."""
    from encaudit.simulation.stack import Recipe, simulate, write

    write(simulate(Recipe()), folder)


def write_digits(folder: Path) -> None:
    """Write scikit-learn's bundled digits and their labels as IDX files, 0..16 rescaled to 0..255."""
    from sklearn.datasets import load_digits

    from encaudit.images.idx import write_idx

    digits = load_digits()
    write_idx(np.rint(digits.images * (255 / 16)).astype(np.uint8), folder / DIGIT_IMAGES)
    write_idx(digits.target.astype(np.uint8), folder / DIGIT_LABELS)
