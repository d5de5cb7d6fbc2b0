"""Which images is the study made on? The user's, those of the paper, or simulated ones."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from encaudit.datasets import demo, empiar_10076
from encaudit.datasets.digit_images import find_digits
from encaudit.encoders.training_data import NONE
from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.study.options import StudyOptions
from encaudit.study.scales import Scale

SIMULATED, COPIED = Path("data", "particles"), Path("data", "digits")
FILES = ("particles.mrcs", "poses.pkl", "ctf.pkl", "particles.star")


@dataclass(frozen=True)
class StudyData:
    """Paths of the particles (``metadata``: what tells their micrographs) and of the digits; and what they are."""

    images: str
    poses: str
    ctf: str
    datadir: str | None
    metadata: str | None
    digits: str
    about: str

    def plain(self) -> dict[str, str | None]:
        """Return plain values, for JSON."""
        return asdict(self)


def study_data(options: StudyOptions, scale: Scale, folder: Path) -> StudyData:
    """Say where the data are, or, of those that ``make_missing`` makes under ``folder``, will be.

    Raises InputError, saying what to do, for what is missing.
    """
    digits = str(_digits(options, scale, folder).absolute())
    if options.images is not None:
        assert options.poses is not None and options.ctf is not None
        metadata = options.metadata if options.metadata is not None else _table_of(options.images)
        return StudyData(
            images=_absolute(options.images),
            poses=_absolute(options.poses),
            ctf=_absolute(options.ctf),
            datadir=None if options.datadir is None else _absolute(options.datadir),
            metadata=None if metadata is None else _absolute(metadata),
            digits=digits,
            about=f"the particles of {options.images}",
        )
    if scale.particles == 0:
        return _of_the_paper(options.data, digits)
    place = folder / SIMULATED
    images, poses, ctf, table = (str((place / name).absolute()) for name in FILES)
    about = f"{scale.particles:,} simulated particles of 32 x 32 pixels: an arm on a hinge, a domain in half of them"
    return StudyData(images, poses, ctf, None, table, digits, about)


def make_missing(data: StudyData, scale: Scale, folder: Path) -> None:
    """Simulate particles and write scikit-learn's digits, where the study is made on these and they are not there."""
    particles, digits = folder / SIMULATED, folder / COPIED
    if Path(data.images).parent == particles.absolute() and not particles.is_dir():
        from encaudit.simulation.stack import Recipe, simulate, write

        _whole(particles, lambda place: write(simulate(Recipe(particles=scale.particles)), place))
    if Path(data.digits).parent == digits.absolute() and not digits.is_dir():
        _whole(digits, demo.write_digits)


def _whole(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write a folder, all of it or nothing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".encaudit-partial-", dir=folder.parent) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            fill(made)
            made.rename(folder)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written: {error.strerror or error}. Make room, or name another -o DIR."
        ) from None


def _digits(options: StudyOptions, scale: Scale, folder: Path) -> Path:
    if options.mnist is not None:
        return find_digits(options.mnist)
    if scale.dataset != "digits":
        try:
            return find_digits(scale.dataset)
        except InputError as error:
            raise InputError(f"{str(error).rstrip('.')}; or name a folder of its files with --mnist DIR.") from None
    return folder / COPIED / demo.DIGIT_IMAGES


def _of_the_paper(folder: Path | None, digits: str) -> StudyData:
    if folder is None:
        raise InputError(
            "--scale full is made on EMPIAR-10076: name its folder with --data DIR. `encaudit fetch empiar-10076` says "
            "what to download."
        )
    images = empiar_10076.check(folder).files[0]
    stack = open_stack(images)
    if stack.image_shape[-1] != empiar_10076.PAPER_BOX:
        raise InputError(
            f"{images} has images of {stack.image_shape[-1]} pixels, and the paper's are {empiar_10076.PAPER_BOX}: "
            f"cryodrgn downsample {images} -D {empiar_10076.PAPER_BOX} -o {folder}/particles.128.mrcs"
        )
    poses, ctf = (_absolute(str(folder / file.name)) for file in (empiar_10076.POSES, empiar_10076.CTF))
    about = f"EMPIAR-10076, {len(stack):,} particles of 128 x 128 pixels"
    return StudyData(_absolute(str(images)), poses, ctf, None, None, digits, about)


def _table_of(images: str) -> str | None:
    """Return the .star beside a stack that has its name, which tells micrographs; a .star itself tells them anyway."""
    beside = Path(images).with_suffix(".star")
    return str(beside) if beside.is_file() and beside != Path(images) else None


def _absolute(path: str) -> str:
    return path if path.lower() == NONE else str(Path(path).absolute())
